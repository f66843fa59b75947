// A finding of the doctor. `broken`: events are lost, held back or repeated, now or at the next fault. `warning`: a weakness that
// loses nothing yet. Every finding has a remedy.

export interface Finding {
  readonly level: 'broken' | 'warning';
  readonly sentence: string;
  readonly remedy: string;
}

export const broken = (sentence: string, remedy: string): Finding => ({ level: 'broken', sentence, remedy });
export const warning = (sentence: string, remedy: string): Finding => ({
  level: 'warning',
  sentence,
  remedy,
});
export const onlyIf = (condition: boolean, finding: () => Finding): Finding[] =>
  condition ? [finding()] : [];

export const dayMs = 24 * 3_600_000;
