// What an image of a process may not be, told from what the engine says of it.

export interface Image {
  readonly name: string;
  readonly bytes: number;
  readonly user: string;
  readonly entrypoint: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

const mostBytes = 300e6;
const neededLabels = ['title', 'licenses', 'version', 'revision'].map(
  (label) => `org.opencontainers.image.${label}`,
);

/** A sentence for each thing that is wrong with it. */
export const imageComplaints = ({ name, bytes, user, entrypoint, labels }: Image): readonly string[] =>
  [
    ...(bytes <= mostBytes ? [] : [`has ${Math.ceil(bytes / 1e6)} MB, more than ${mostBytes / 1e6}`]),
    ...(/^(?:root|0)?(?::.*)?$/.test(user) ? ['runs as root'] : []),
    // A shell as the first process keeps the signals to itself.
    ...(entrypoint.length > 0 && !/(?:^|\/)(?:ba|da|z)?sh$/.test(entrypoint[0] ?? '')
      ? []
      : ['is started by a shell']),
    ...neededLabels.filter((label) => !labels[label]).map((label) => `has no label ${label}`),
  ].map((complaint) => `${name} ${complaint}`);
