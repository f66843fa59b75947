// The files that are generated from the schemas: types, catalogue and AsyncAPI document. They are checked in to git, so that they
// can be read without a build. `npm run check` fails if one of them is stale.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { readEventSchemas, schemasFolder } from './event-schema.ts';
import { generatedFile, generateEvents } from './generate-events.ts';
import { generateAsyncApi, generateCatalogue, type Addresses } from './catalogue.ts';
import { readContract } from './releases.ts';
import { subscribersOf } from './review/usage.ts';

const root = join(import.meta.dirname, '..', '..');

const derived = async (addresses: Addresses): Promise<readonly (readonly [string, string])[]> => {
  const contract = readContract();
  const subscribers = subscribersOf(root);
  const [catalogue, asyncApi] = [join(schemasFolder, 'CATALOGUE.md'), join(schemasFolder, 'asyncapi.json')];
  return [
    [generatedFile, await generateEvents(readEventSchemas())],
    [catalogue, generateCatalogue(contract, subscribers)],
    [asyncApi, await generateAsyncApi(contract, subscribers, addresses, asyncApi)],
  ];
};

/** Writes the generated files that are stale; resolves to their names. */
export const writeDerived = async (addresses: Addresses): Promise<string[]> => {
  const written: string[] = [];
  for (const [file, text] of await derived(addresses)) {
    if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    written.push(relative(root, file));
  }
  return written;
};

/** One sentence for each stale file. */
export const derivedDrift = async (addresses: Addresses): Promise<string[]> =>
  (await derived(addresses))
    .filter(([file, text]) => !existsSync(file) || readFileSync(file, 'utf8') !== text)
    .map(([file]) => `${relative(root, file)} is stale; run: npm run schemas -- generate`);
