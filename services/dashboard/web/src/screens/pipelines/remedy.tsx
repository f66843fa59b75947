// The remedy of a problem. Commands in it can be copied, runbooks are links.
import { CopyButton, UnstyledButton } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import classes from './remedy.module.css';
import { partsOfRemedy } from './remedy.ts';

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
    {partsOfRemedy(text).map((part, index) => {
      if (part.kind === 'command') return <Command key={index} command={part.text} />;
      if (part.kind === 'runbook')
        return (
          <Link
            key={index}
            to="/runbooks/$name"
            params={{ name: part.name }}
            {...(part.section === undefined ? {} : { hash: part.section })}
          >
            see the {part.name.replaceAll('-', ' ')} runbook
          </Link>
        );
      return <span key={index}>{part.text}</span>;
    })}
  </p>
);
