// The remedy of a problem. A click on a command copies it; references to runbooks are links.
import { CopyButton, UnstyledButton } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import classes from './remedy.module.css';
import { splitRemedy } from './remedy.ts';

const Command = ({ command }: { command: string }) => (
  <CopyButton value={command}>
    {({ copied, copy }) => (
      <UnstyledButton className={classes['command']} onClick={copy} title="Copy command">
        <code>{command}</code>
        <small>{copied ? 'Copied' : 'Copy'}</small>
      </UnstyledButton>
    )}
  </CopyButton>
);

export const Remedy = ({ text }: { text: string }) => (
  <p className={classes['remedy']}>
    {splitRemedy(text).map((segment, index) => {
      if (segment.kind === 'command') return <Command key={index} command={segment.text} />;
      if (segment.kind === 'runbook')
        return (
          <Link
            key={index}
            to="/runbooks/$name"
            params={{ name: segment.name }}
            {...(segment.section === undefined ? {} : { hash: segment.section })}
          >
            see the {segment.name.replaceAll('-', ' ')} runbook
          </Link>
        );
      return <span key={index}>{segment.text}</span>;
    })}
  </p>
);
