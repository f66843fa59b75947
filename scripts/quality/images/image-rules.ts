// The rules for the image of a process, checked against its metadata: size, user, entry point and labels.

export interface Image {
  readonly name: string;
  readonly bytes: number;
  readonly user: string;
  readonly entrypoint: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

const maxBytes = 300e6;
const neededLabels = ['title', 'licenses', 'version', 'revision'].map(
  (label) => `org.opencontainers.image.${label}`,
);

/** One sentence for each broken rule. */
export const imageComplaints = ({ name, bytes, user, entrypoint, labels }: Image): readonly string[] =>
  [
    ...(bytes <= maxBytes ? [] : [`has ${Math.ceil(bytes / 1e6)} MB, more than ${maxBytes / 1e6}`]),
    ...(/^(?:root|0)?(?::.*)?$/.test(user) ? ['runs as root'] : []),
    // A shell as the first process does not forward signals.
    ...(entrypoint.length > 0 && !/(?:^|\/)(?:ba|da|z)?sh$/.test(entrypoint[0] ?? '')
      ? []
      : ['is started by a shell']),
    ...neededLabels.filter((label) => !labels[label]).map((label) => `has no label ${label}`),
  ].map((complaint) => `${name} ${complaint}`);
