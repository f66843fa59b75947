// Which licences the packages of the lock file may have: those that the OSI has approved and that ask nothing of the code beside
// them. The lock file has what each package declares, so nothing needs to be installed or asked.

interface Locked {
  readonly version?: string | undefined;
  readonly license?: string | undefined;
}

const allowed: ReadonlySet<string> = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'ISC',
  'MIT',
  // Asks for changes of its own files alone.
  'MPL-2.0',
  'Unlicense',
]);

/** Packages that declare nothing, by what the licence file that they contain is. A new version has to be looked at again. */
const readByHand: ReadonlyMap<string, string> = new Map([
  ['node_modules/@kafkajs/confluent-schema-registry@4.1.0', 'MIT'],
]);

/** `A OR B` leaves the choice, `A AND B` does not; where both come together, all have to be allowed. */
const isAllowed = (expression: string): boolean => {
  const named = expression
    .split(/[()]| AND | OR /)
    .flatMap((part) => (part.trim() === '' ? [] : [part.trim()]));
  return expression.includes(' AND ')
    ? named.every((name) => allowed.has(name))
    : named.some((name) => allowed.has(name));
};

/** One sentence for each package that may not be there; `packages` is what package-lock.json calls so. */
export const licenceComplaints = (packages: Readonly<Record<string, Locked>>): readonly string[] =>
  Object.entries(packages).flatMap(([path, { version = '', license }]) => {
    const name = `${path}@${version}`;
    const licence = license ?? readByHand.get(name);
    // The root is this project.
    if (path === '' || (licence !== undefined && isAllowed(licence))) return [];
    return [`${name} has ${licence === undefined ? 'no declared licence' : `the licence ${licence}`}`];
  });
