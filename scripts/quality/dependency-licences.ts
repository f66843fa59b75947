// Which licences the packages of the lock file and the jars of the pom may have: those that the OSI has approved and that ask
// nothing of the code beside them. The lock file has what each package declares, so nothing needs to be installed or asked;
// of the jars Maven tells it.

interface Locked {
  readonly version?: string | undefined;
  readonly license?: string | undefined;
}

const allowed: ReadonlySet<string> = new Set([
  '0BSD',
  'Apache-2.0',
  // Fonts.
  'OFL-1.1',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'ISC',
  'MIT',
  // Asks for changes of its own files alone.
  'MPL-2.0',
  'Unlicense',
  'Zlib',
]);

/** Packages that declare nothing, by what the licence file that they contain is. A new version has to be looked at again. */
const readByHand: ReadonlyMap<string, string> = new Map([
  ['node_modules/@kafkajs/confluent-schema-registry@4.1.0', 'MIT'],
  ['node_modules/buildcheck@0.0.7', 'MIT'],
  ['node_modules/cpu-features@0.0.10', 'MIT'],
  ['node_modules/ssh2@1.17.0', 'MIT'],
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

/**
 * How jars call the licences that are allowed, in words of their own. Those that ask for changes of their own files (EPL, CDDL)
 * are among them: Kafka and Connect run beside this code, unchanged.
 */
const allowedOfJars: readonly RegExp[] = [
  /^(?:the )?apache (?:software )?(?:license|licence)?[, -]*(?:version |v)?2\.0(?: licen[sc]e)?$/,
  /^apache-2\.0$/,
  /^(?:the )?(?:mit|mit licen[sc]e(?: \(mit\))?)$/,
  /^bsd[ -][23]-clause(?: licen[sc]e)?$/,
  /^modified bsd$/,
  /^go licen[sc]e$/,
  /^(?:epl[ -]2\.0|eclipse public licen[sc]e.*2\.0)$/,
  /^(?:edl 1\.0|eclipse distribution licen[sc]e - v 1\.0)$/,
  /^(?:cddl 1\.[01]|cddl\/gplv2\+ce|common development and distribution licen[sc]e \(cddl\) version 1\.0)$/,
];

/** `     (MIT) (EPL 2.0) Name (group:artifact:1.0 - https://…)`: the licences between which the jar leaves the choice. */
const jarLine = /^ +((?:\((?:[^()]|\([^()]*\))*\) )+)\s*.*\(([^\s():]+:[^\s():]+:[^\s():]+) - .*\)$/;

/** One sentence for each jar that may not be there; `text` is what the license-maven-plugin writes. Undefined: it names no jar. */
export const jarLicences = (
  text: string,
): { readonly jars: number; readonly complaints: readonly string[] } | undefined => {
  const said = Number(/^Lists of (\d+) third-party dependencies/m.exec(text)?.[1] ?? 0);
  const jars = text.split('\n').flatMap((line) => {
    const [, licences = '', name] = jarLine.exec(line) ?? [];
    if (name === undefined) return [];
    return {
      name,
      licences: [...licences.matchAll(/\(((?:[^()]|\([^()]*\))*)\)/g)].map(([, one = '']) => one),
    };
  });
  // A line that is not understood would be a jar that nobody looks at.
  if (said === 0 || jars.length !== said) return undefined;
  return {
    jars: said,
    complaints: jars
      .filter(
        ({ licences }) => !licences.some((one) => allowedOfJars.some((form) => form.test(one.toLowerCase()))),
      )
      .map(({ name, licences }) => `${name} has the licence ${licences.join(' or ')}`),
  };
};
