// What has to change of a connector that runs, each change with its consequence for the events. A secret that stands in plain
// text is never shown.
import type { ConnectorConfig } from './files.ts';
import { isReference, isSecret } from './secrets.ts';
import { type Impact, isExplained, restart, judgeOf } from './impact-table.ts';

export interface Change extends Impact {
  readonly key: string;
  /** Undefined: the key is not there. */
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** A value as it may be shown: a secret that somebody has put in plain text is not repeated. */
const shown = (key: string, value: string | undefined): string | undefined =>
  value !== undefined && isSecret(key) && !isReference(value) ? '(a secret in plain text)' : value;

/** What has to change of `actual`, which Connect has, to become `desired`; empty when they say the same. */
export const changesBetween = (
  desired: ConnectorConfig,
  actual: Readonly<Record<string, unknown>>,
): readonly Change[] => {
  const keys = new Set([...Object.keys(desired), ...Object.keys(actual)]);
  // Connect adds the name to what it stores.
  keys.delete('name');
  return [...keys].flatMap((key): Change[] => {
    const to = desired[key];
    const from = key in actual ? String(actual[key]) : undefined;
    if (from === to) return [];
    // A key of nobody that leaves is what it was before somebody added it by hand.
    const judge = to === undefined && !isExplained(key) ? restart() : judgeOf(key);
    return [{ key, from: shown(key, from), to: shown(key, to), ...judge(to, from) }];
  });
};
