// A shortened id, or with `whole` the full id. The tooltip shows the full id, and a click copies the full id.
import { CopyButton, Tooltip, UnstyledButton } from '@mantine/core';
import { Check, Copy } from 'lucide-react';
import classes from './copy-id.module.css';
import { shortId } from './format.ts';

export const CopyId = ({ id, whole = false }: { id: string; whole?: boolean }) => (
  <CopyButton value={id} timeout={1_500}>
    {({ copied, copy }) => (
      <Tooltip label={copied ? 'Copied' : id}>
        <UnstyledButton
          className={classes['id']}
          onClick={copy}
          aria-label={`Copy ${whole ? id : shortId(id)}`}
        >
          {whole ? id : shortId(id)}
          {copied ? <Check size={12} aria-hidden="true" /> : <Copy size={12} aria-hidden="true" />}
        </UnstyledButton>
      </Tooltip>
    )}
  </CopyButton>
);
