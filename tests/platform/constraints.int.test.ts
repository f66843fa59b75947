// A request that violates a constraint gets a typed error response. The test reads the constraints from the system catalogue, so it
// also covers new constraints.
import postgres from 'postgres';
import { describe, expect, it } from 'vitest';
import { inventoryProblems } from '../../services/inventory/http/api.ts';
import { orderProblems } from '../../services/order/http/api.ts';
import { paymentProblems } from '../../services/payment/http/api.ts';
import { toProblem } from '../../services/platform/http/server/errors.ts';
import { serviceNames, type ServiceName } from '../../scripts/stack/topology.ts';
import { stack } from '../stack/worker-stack.ts';

const problems = { order: orderProblems, inventory: inventoryProblems, payment: paymentProblems };

/** SQLSTATE by `pg_constraint.contype`. */
const sqlStates: Readonly<Record<string, string>> = {
  p: '23505',
  u: '23505',
  f: '23503',
  x: '23P01',
  c: '23514',
};

const constraintsOf = async (service: ServiceName) => {
  const sql = postgres(stack.databases[service].admin, { max: 1 });
  try {
    return await sql<{ name: string; type: string }[]>`
      SELECT conname AS name, contype AS type FROM pg_constraint
      WHERE connamespace = 'public'::regnamespace AND contype IN ('p', 'u', 'f', 'x', 'c') ORDER BY 1`;
  } finally {
    await sql.end();
  }
};

/** The error of a violated constraint, as Drizzle and the driver throw it. */
const violationError = (name: string, type: string): Error =>
  new Error('Failed query', {
    cause: Object.assign(new Error(`violates constraint "${name}"`), {
      code: sqlStates[type],
      constraint_name: name,
    }),
  });

describe.each(serviceNames)('a constraint of the %s database', (service) => {
  it('leads to the response 409 when it is violated, or to 500 if only a defect can violate it', async () => {
    const constraints = await constraintsOf(service);
    expect(constraints.length).toBeGreaterThan(10);
    for (const { name, type } of constraints) {
      const { status, code } = toProblem(violationError(name, type), problems[service]);
      // Only a defect in `decide` can violate a check constraint.
      expect([name, status], code).toEqual([name, type === 'c' ? 500 : 409]);
    }
  });
});

it('each constraint that a problem names exists in the database of its service', async () => {
  const named = serviceNames.flatMap((service) =>
    Object.values(problems[service]).flatMap(({ constraint }) =>
      constraint === undefined ? [] : [{ service, constraint }],
    ),
  );
  expect(named).not.toEqual([]);
  for (const { service, constraint } of named)
    expect((await constraintsOf(service)).map(({ name }) => name)).toContain(constraint);
});
