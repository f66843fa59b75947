// The allowed licences for the packages of the lock file and the jars of the pom. They are approved by the OSI and have no
// conditions for the code that uses the package or jar. The lock file contains the licences of the packages; Maven lists the
// licences of the jars.

interface Locked {
  readonly version?: string | undefined;
  readonly license?: string | undefined;
}

const allowed: ReadonlySet<string> = new Set([
  '0BSD',
  'Apache-2.0',
  // For fonts.
  'OFL-1.1',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'ISC',
  'MIT',
  // The conditions of MPL-2.0 apply only to changes of the licensed files.
  'MPL-2.0',
  'Unlicense',
  'Zlib',
]);

/** Packages without a declared licence, with the licence in their licence file. Review each new version again. */
const reviewedByHand: ReadonlyMap<string, string> = new Map([
  ['node_modules/@kafkajs/confluent-schema-registry@4.1.0', 'MIT'],
  ['node_modules/buildcheck@0.0.7', 'MIT'],
  ['node_modules/cpu-features@0.0.10', 'MIT'],
  ['node_modules/ssh2@1.17.0', 'MIT'],
]);

/** `A OR B` needs one allowed licence, `A AND B` needs both. An expression with both operators needs all. */
const isAllowed = (expression: string): boolean => {
  const names = expression
    .split(/[()]| AND | OR /)
    .flatMap((part) => (part.trim() === '' ? [] : [part.trim()]));
  return expression.includes(' AND ')
    ? names.every((name) => allowed.has(name))
    : names.some((name) => allowed.has(name));
};

/**
 * One sentence for each package with a licence that is not allowed. `packages` is the object of that name in package-lock.json.
 */
export const licenceComplaints = (packages: Readonly<Record<string, Locked>>): readonly string[] =>
  Object.entries(packages).flatMap(([path, { version = '', license }]) => {
    const name = `${path}@${version}`;
    const licence = license ?? reviewedByHand.get(name);
    // The empty path is this project.
    if (path === '' || (licence !== undefined && isAllowed(licence))) return [];
    return [`${name} has ${licence === undefined ? 'no declared licence' : `the licence ${licence}`}`];
  });

/**
 * The allowed licences in the spellings of the jars. EPL and CDDL have conditions for changes of the licensed files. They are
 * allowed, because Kafka and Connect run unchanged, in separate processes.
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

/** Matches `     (MIT) (EPL 2.0) Name (group:artifact:1.0 - https://…)`. The user of a jar with several licences chooses one. */
const jarLine = /^ +((?:\((?:[^()]|\([^()]*\))*\) )+)\s*.*\(([^\s():]+:[^\s():]+:[^\s():]+) - .*\)$/;

/**
 * One sentence for each jar with a licence that is not allowed. `text` is the output of the license-maven-plugin; undefined when
 * it cannot be parsed.
 */
export const jarLicences = (
  text: string,
): { readonly jars: number; readonly complaints: readonly string[] } | undefined => {
  const expected = Number(/^Lists of (\d+) third-party dependencies/m.exec(text)?.[1] ?? 0);
  const jars = text.split('\n').flatMap((line) => {
    const [, licences = '', name] = jarLine.exec(line) ?? [];
    if (name === undefined) return [];
    return {
      name,
      licences: [...licences.matchAll(/\(((?:[^()]|\([^()]*\))*)\)/g)].map(([, one = '']) => one),
    };
  });
  // A line that cannot be parsed is a jar whose licence would not be checked.
  if (expected === 0 || jars.length !== expected) return undefined;
  return {
    jars: expected,
    complaints: jars
      .filter(
        ({ licences }) => !licences.some((one) => allowedOfJars.some((form) => form.test(one.toLowerCase()))),
      )
      .map(({ name, licences }) => `${name} has the licence ${licences.join(' or ')}`),
  };
};
