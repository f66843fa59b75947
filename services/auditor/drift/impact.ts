// Compares the configuration of a connector in its file with the configuration in Connect. Each change names its consequence for
// events. A secret in plain text is never shown.
import type { Service } from '../domain/facts.ts';
import type { ConnectorConfig } from './connector-file.ts';
import { isReference, isSecret } from './secrets.ts';
import { type Impact, isExplained, restart, judgeOf } from './impact-table.ts';

export interface Change extends Impact {
  readonly key: string;
  /** Undefined: the key is absent. */
  readonly from: string | undefined;
  readonly to: string | undefined;
}

const redacted = (key: string, value: string | undefined): string | undefined =>
  value !== undefined && isSecret(key) && !isReference(value) ? '(a secret in plain text)' : value;

/** The changes from `actual`, the configuration in Connect, to `desired`, the configuration in the file. */
export const changesBetween = (
  desired: ConnectorConfig,
  actual: Readonly<Record<string, unknown>>,
): readonly Change[] => {
  const keys = new Set([...Object.keys(desired), ...Object.keys(actual)]);
  // Connect adds this key.
  keys.delete('name');
  return [...keys].flatMap((key): Change[] => {
    const to = desired[key];
    const from = key in actual ? String(actual[key]) : undefined;
    if (from === to) return [];
    // An unknown key was added by hand; removing it restores the earlier configuration.
    const judge = to === undefined && !isExplained(key) ? restart() : judgeOf(key);
    return [{ key, from: redacted(key, from), to: redacted(key, to), ...judge(to, from) }];
  });
};

/** A sentence about the differences for the operator, and the commands that show and remove differences. */
export const describeDrift = (service: Service, connector: string, changes: readonly Change[]) => ({
  sentence:
    changes.length === 0
      ? `${connector} has the configuration of connectors/${service}.json.`
      : `${connector} differs from connectors/${service}.json: ${changes.map(({ key }) => key).join(', ')}.`,
  remedy: `npm run connectors -- plan --connector ${connector}, then apply`,
});
