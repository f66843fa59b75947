import { expect, it } from 'vitest';
import { stackKindFrom } from './stack-kind.ts';

it.each([
  [undefined, 'embedded'],
  ['', 'embedded'],
  ['embedded', 'embedded'],
  ['docker', 'docker'],
])('ORDERFLOW_STACK=%s means %s', (value, kind) => {
  expect(stackKindFrom({ ORDERFLOW_STACK: value })).toBe(kind);
});

it.each(['Docker', 'podman', ' '])('ORDERFLOW_STACK=%s is refused', (value) => {
  expect(() => stackKindFrom({ ORDERFLOW_STACK: value })).toThrow(
    `ORDERFLOW_STACK must be embedded or docker, but it is "${value}"`,
  );
});
