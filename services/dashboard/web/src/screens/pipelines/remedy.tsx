// What to do about a problem: commands to copy and runbooks to open, where the sentence names them.
import { CopyButton, UnstyledButton } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import classes from './remedy.module.css';
import { partsOfRemedy } from './remedy.ts';

const Command = ({ command }: { command: string }) => (
  <CopyButton value={command}>
    {({ copied, copy }) => (
      <UnstyledButton className={classes['command']} onClick={copy} title="Copy the command">
        <code>{command}</code>
        <small>{copied ? 'copied' : 'copy'}</small>
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
            the runbook {part.name.replaceAll('-', ' ')}
          </Link>
        );
      return <span key={index}>{part.text}</span>;
    })}
  </p>
);
