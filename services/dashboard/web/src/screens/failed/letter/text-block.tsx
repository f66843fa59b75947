// Text as it is: never read as HTML, scrolled by keyboard too, copied whole.
import { Button, CopyButton } from '@mantine/core';
import { Check, Copy } from 'lucide-react';
import classes from './letter.module.css';

interface TextBlockProps {
  readonly label: string;
  readonly text: string;
  /** What is copied, when it is not the text. */
  readonly copied?: string;
}
export const TextBlock = ({ label, text, copied: whole = text }: TextBlockProps) => (
  <div className={classes['block']}>
    <p>{label}</p>
    {/* A region that scrolls must be reachable by keyboard. */}
    <pre aria-label={label} role="region" tabIndex={0}>
      {text}
    </pre>
    <CopyButton value={whole} timeout={1_500}>
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
