// Splits a remedy text of the auditor into plain text, commands and references to runbooks. Pure.

type RemedySegment =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'command'; readonly text: string }
  | { readonly kind: 'runbook'; readonly name: string; readonly section: string | undefined };

const pattern =
  /npm run [a-z:]+(?: -- [a-z]+(?:-[a-z]+)*(?: --connector [a-z-]+)?)?|(?:see )?connectors\/runbooks\/([a-z-]+)\.md(?:#([a-z_]+))?/g;

export const splitRemedy = (remedy: string): RemedySegment[] => {
  const segments: RemedySegment[] = [];
  let end = 0;
  for (const match of remedy.matchAll(pattern)) {
    const [text, name, section] = match;
    if (match.index > end) segments.push({ kind: 'text', text: remedy.slice(end, match.index) });
    segments.push(name === undefined ? { kind: 'command', text } : { kind: 'runbook', name, section });
    end = match.index + text.length;
  }
  if (end < remedy.length) segments.push({ kind: 'text', text: remedy.slice(end) });
  return segments;
};
