// Text whose parts in backticks are shown as code.
import { codeParts } from './events-search.ts';

export const Code = ({ text }: { text: string }) => (
  <>
    {codeParts(text).map(({ text: part, isCode }, index) =>
      isCode ? <code key={index}>{part}</code> : <span key={index}>{part}</span>,
    )}
  </>
);
