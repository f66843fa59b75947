// Shows a text, with the passages between backticks as code.
import { splitCode } from './events-search.ts';

export const Code = ({ text }: { text: string }) => (
  <>
    {splitCode(text).map(({ text: passage, isCode }, index) =>
      isCode ? <code key={index}>{passage}</code> : <span key={index}>{passage}</span>,
    )}
  </>
);
