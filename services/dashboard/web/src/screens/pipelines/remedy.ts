// Splits the remedy text of the auditor into text, commands and runbooks. Pure.

export type RemedyPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'command'; readonly text: string }
  | { readonly kind: 'runbook'; readonly name: string; readonly section: string | undefined };

const pattern =
  /npm run [a-z:]+(?: -- [a-z]+(?:-[a-z]+)*(?: --connector [a-z-]+)?)?|(?:see )?connectors\/runbooks\/([a-z-]+)\.md(?:#([a-z_]+))?/g;

export const partsOfRemedy = (remedy: string): RemedyPart[] => {
  const parts: RemedyPart[] = [];
  let end = 0;
  for (const found of remedy.matchAll(pattern)) {
    const [text, name, section] = found;
    if (found.index > end) parts.push({ kind: 'text', text: remedy.slice(end, found.index) });
    parts.push(name === undefined ? { kind: 'command', text } : { kind: 'runbook', name, section });
    end = found.index + text.length;
  }
  if (end < remedy.length) parts.push({ kind: 'text', text: remedy.slice(end) });
  return parts;
};
