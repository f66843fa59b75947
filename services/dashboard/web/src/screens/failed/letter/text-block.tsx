// Preformatted text that can be scrolled by keyboard and copied.
import { Button, CopyButton } from '@mantine/core';
import { Check, Copy } from 'lucide-react';
import classes from './letter.module.css';

interface TextBlockProps {
  readonly label: string;
  readonly text: string;
  /** The text to copy. Absent: `text`. */
  readonly copyText?: string;
}
export const TextBlock = ({ label, text, copyText = text }: TextBlockProps) => (
  <div className={classes['block']}>
    <p>{label}</p>
    <pre aria-label={label} role="region" tabIndex={0}>
      {text}
    </pre>
    <CopyButton value={copyText} timeout={1_500}>
      {({ copied, copy }) => (
        <Button
          variant="default"
          size="compact-xs"
          leftSection={
            copied ? <Check size={12} aria-hidden="true" /> : <Copy size={12} aria-hidden="true" />
          }
          aria-label={`Copy: ${label}`}
          onClick={copy}
        >
          {copied ? 'Copied' : 'Copy'}
        </Button>
      )}
    </CopyButton>
  </div>
);
