// Titles, section ids and links of Markdown runbooks. Pure.

/** Separates the title from the text. The title is `Runbook` if the text has none. */
export const titleAndText = (markdown: string): { readonly title: string; readonly text: string } => {
  const title = /^# (.+)$/m.exec(markdown);
  return title === null
    ? { title: 'Runbook', text: markdown }
    : { title: title[1] ?? '', text: markdown.slice(title.index + title[0].length).trim() };
};

/** The id of a section, derived from its heading in the same way as on GitHub, but without the text inside markup. */
export const idOf = (heading: React.ReactNode): string =>
  (Array.isArray(heading) ? heading : [heading])
    .filter((part) => typeof part === 'string')
    .join('')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
    .replaceAll(' ', '-');

/** The runbook that a link points to; undefined for other links. */
export const runbookIn = (
  href: string,
): { readonly name: string; readonly section: string | undefined } | undefined => {
  const [, name, section] = /^(?:\.\/)?([a-z-]+)\.md(?:#(.+))?$/.exec(href) ?? [];
  return name === undefined ? undefined : { name, section };
};
