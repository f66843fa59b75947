// In every document, every relative link must lead to an existing file and heading, and every named npm script must exist.
// README.md must stay short.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..', '..');
const readmeBytes = 8_192;

/** Every document of the project, tracked by git or not. */
const documents = readdirSync(root, { withFileTypes: true })
  .filter(({ name }) => name !== 'node_modules' && !name.startsWith('.'))
  .flatMap((entry) =>
    entry.isDirectory()
      ? readdirSync(join(root, entry.name), { recursive: true, encoding: 'utf8' }).map((path) =>
          join(entry.name, path),
        )
      : [entry.name],
  )
  .filter((path) => path.endsWith('.md'));

const packageScripts: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
).scripts;

const withoutFences = (text: string): string => text.replaceAll(/^ *(```|~~~)[\s\S]*?^ *\1.*$/gm, '');
const withoutCode = (text: string): string => withoutFences(text).replaceAll(/`[^`]*`/g, '');

/** The anchor of a heading on GitHub: letters, digits, hyphens, underscores, and hyphens for spaces. */
const anchorOf = (heading: string): string =>
  heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

/** The anchors of a document. A repeated heading gets a number. */
const anchorsOf = (text: string): ReadonlySet<string> => {
  const anchors = new Set<string>();
  for (const [, heading = ''] of withoutFences(text).matchAll(/^#{1,6} +(.+?)(?: +#+)?$/gm)) {
    const anchor = anchorOf(heading);
    let unique = anchor;
    for (let times = 1; anchors.has(unique); times += 1) unique = `${anchor}-${times}`;
    anchors.add(unique);
  }
  return anchors;
};

/** The targets of the links in a document: `[text](target)` with or without a title, and `[label]: target`. */
const linksIn = (text: string): string[] =>
  [...withoutCode(text).matchAll(/\]\(\s*<?([^\s)>]+)>?[^)]*\)|^\[[^\]]+\]: +<?([^\s>]+)>?/gm)].map(
    ([, inline, reference]) => inline ?? reference ?? '',
  );

/** The error of a link in the document `file`; undefined when the target exists or is an external URL. */
const wrongLink = (file: string, text: string, link: string): string | undefined => {
  if (/^[a-z][a-z+.-]*:/i.test(link)) return undefined;
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? file : join(dirname(file), decodeURIComponent(path));
  if (target.startsWith('..') || !existsSync(join(root, target))) return `${link}: there is no ${target}`;
  if (anchor === undefined) return undefined;
  if (!target.endsWith('.md')) return `${link}: ${target} has no headings`;
  const content = path === '' ? text : readFileSync(join(root, target), 'utf8');
  return anchorsOf(content).has(anchor) ? undefined : `${link}: ${target} has no heading ${anchor}`;
};

const wrongLinks = (file: string, text: string): string[] =>
  linksIn(text).flatMap((link) => wrongLink(file, text, link) ?? []);

/** The npm scripts that a document names, in code or in text. */
const npmScriptsIn = (text: string): string[] =>
  [...text.matchAll(/\bnpm\s+(?:run\s+([\w:-]+)|(start|test)\b)/g)].map(
    ([, run, short]) => run ?? short ?? '',
  );

const unknownScripts = (text: string): string[] =>
  npmScriptsIn(text).filter((script) => !(script in packageScripts));

describe('the documents', () => {
  it('are found', () => {
    expect(documents).toEqual(expect.arrayContaining(['README.md', 'services/README.md']));
  });

  it.each(documents)('have only links to files and headings that exist: %s', (file) => {
    expect(wrongLinks(file, readFileSync(join(root, file), 'utf8'))).toEqual([]);
  });

  it.each(documents)('name only npm scripts that exist: %s', (file) => {
    expect(unknownScripts(readFileSync(join(root, file), 'utf8'))).toEqual([]);
  });

  it('include a README.md of at most 8 KiB', () => {
    expect(readFileSync(join(root, 'README.md')).byteLength).toBeLessThanOrEqual(readmeBytes);
  });
});

describe('the check of the documents', () => {
  it.each([
    ['a file that is not there', '[the map](services/atlas.md)'],
    ['a folder that is not there', '[the map](atlas/)'],
    ['a file outside of the project', '[the map](../../elsewhere.md)'],
    ['an anchor of this document', '# A heading\n[below](#another-heading)'],
    ['an anchor of another document', '[settings](services/SETTINGS.md#no-such-section)'],
    ['an anchor in a file without headings', '[settings](package.json#scripts)'],
    ['a link by reference', 'See [the map].\n\n[the map]: atlas.md'],
    ['a heading that is a comment in a shell block', '[install](#install)\n```sh\n# install\n```'],
  ])('reports %s', (_what, text) => {
    expect(wrongLinks('README.md', text)).toHaveLength(1);
  });

  it.each(['`npm run surgeon`', 'npm run test:everything', '```sh\nnpm run\n  cure -- --all\n```'])(
    'reports a script that does not exist: %s',
    (text) => {
      expect(unknownScripts(text)).toHaveLength(1);
    },
  );

  it('accepts correct links and scripts', () => {
    const text =
      '# A heading, with `code`\n## Twice\n## Twice\n[top](#a-heading-with-code) [again](#twice-1) [s](services/) ' +
      '[settings](services/SETTINGS.md#settings "all") <https://example.org> [out](https://example.org/#x)\n' +
      '`npm test`, `npm start`, `npm run check`, and in code `[no](link.md)`';
    expect(wrongLinks('README.md', text)).toEqual([]);
    expect(linksIn(text)).toHaveLength(5);
    expect(unknownScripts(text)).toEqual([]);
  });
});
