// The content of the report. It finds the readers of a field in the source code of the services, so these tests check the names of
// services and not line numbers.
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { EventSchema } from '../event-schema.ts';
import type { Base } from '../history.ts';
import { readContract } from '../releases.ts';
import { asMarkdown, exitCodes, reviewContract, type EventReport } from './report.ts';
import { subscribersOf, usageOf, type Usage } from './usage.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const contract = readContract();
const base: Base = {
  name: 'main',
  commit: 'c0ffee'.padEnd(40, '0'),
  workingSchemas: contract.workingSchemas,
  releases: contract.releases,
  lock: [],
};
const created = contract.workingSchemas.find(({ eventType }) => eventType === 'order.created');
if (created === undefined) throw new Error('there is no order.created');

let usage: Usage;
beforeAll(async () => {
  usage = await usageOf(root, contract.workingSchemas);
}, 120_000);

const reportOn = async (after: EventSchema): Promise<{ text: string; event: EventReport; exit: number }> => {
  const workingSchemas = contract.workingSchemas.map((known) =>
    known.eventType === after.eventType ? after : known,
  );
  const report = await reviewContract({ ...contract, workingSchemas }, base, subscribersOf(root), () =>
    Promise.resolve(usage),
  );
  const [event] = report.events;
  if (event === undefined) throw new Error('nothing has changed');
  return { text: asMarkdown(report), event, exit: exitCodes[report.verdict] };
};
const without = (name: string): EventSchema => ({
  ...created,
  fields: created.fields.filter((field) => field.name !== name),
});
const servicesThatRead = (event: EventReport, path: string): (string | undefined)[] => [
  ...new Set(
    event.findings.find((finding) => finding.path === path)?.readers.map(({ service }) => service) ?? [],
  ),
];

describe('the usage of events in the code', () => {
  it('lists the subscribers of each event', () => {
    expect(subscribersOf(root).get('order.created')).toEqual(['inventory', 'payment']);
    expect(subscribersOf(root).get('inventory.product_changed')).toEqual(['order']);
  });
  it('lists the readers of each field', () => {
    const readingServices = (path: string) =>
      new Set(usage.readersOf(created, path).map(({ service }) => service));
    expect(readingServices('items')).toEqual(new Set(['inventory']));
    expect(readingServices('total')).toEqual(new Set(['payment']));
    expect(readingServices('orderId')).toEqual(new Set(['inventory', 'payment']));
    expect(readingServices('items[].quantity')).toEqual(new Set(['inventory']));
    expect(readingServices('metadata.eventId')).toEqual(new Set(['platform']));
  });
  it('finds where an event is created', () => {
    expect(usage.makersOf(created).map(({ at }) => at.split(':')[0])).toContain(
      'services/order/domain/place-order.ts',
    );
  });
});

describe('the review report', () => {
  it('says that an unchanged contract is unchanged', async () => {
    const report = await reviewContract(contract, base, subscribersOf(root), () => Promise.resolve(usage));
    expect(asMarkdown(report)).toBe('## Event contract: unchanged since `main` (c0ffee000)\n');
  });

  it('says that the services can be deployed in any sequence after a compatible change', async () => {
    const field = { name: 'units', type: 'int', default: 0, doc: 'Units ordered.' };
    const { text, event, exit } = await reportOn({ ...created, fields: [...created.fields, field] });
    expect([event.verdict, exit]).toEqual(['FULL', 0]);
    expect(text).toMatch(/\| `units` \| added: `int`, default `0` \| yes \| yes \|/);
    expect(text).toMatch(/\*\*Deploy\*\*: In any sequence/);
    expect(text).toMatch(/npm run schemas -- release order\.created/);
    expect(text).not.toMatch(/\*\*Instead\*\*/);
  });

  it('lists the readers of a removed field, and says to deploy the consumers first', async () => {
    const { text, event, exit } = await reportOn(without('total'));
    expect([event.verdict, exit]).toEqual(['BACKWARD', 3]);
    expect(servicesThatRead(event, 'total')).toEqual(['payment']);
    expect(event.against).toEqual([{ version: 'order.created v1', verdict: 'BACKWARD' }]);
    expect(text).toMatch(/`total` is read by payment \(`services\/payment\//);
    expect(text).toMatch(/\*\*Deploy\*\*: Consumers first \(inventory and payment\)/);
    expect(text).toMatch(/\*\*Instead\*\*\n\n- `total`: Keep the field/);
  });

  it('says to deploy the producer first for a new field without a default', async () => {
    const field = { name: 'units', type: 'int', doc: 'Units ordered.' };
    const { text, exit } = await reportOn({ ...created, fields: [...created.fields, field] });
    expect(exit).toBe(4);
    expect(text).toMatch(/\*\*Deploy\*\*: Producer first \(order\)/);
    expect(text).toMatch(/Give the field a default/);
  });

  it('asks whether a removed field was renamed when a field of the same type was added', async () => {
    const fields = created.fields.map((field) =>
      field.name === 'customerId' ? { ...field, name: 'buyerId' } : field,
    );
    const { text, event, exit } = await reportOn({ ...created, fields });
    expect(exit).toBe(5);
    expect(text).toMatch(/Is this `customerId` with a new name\?/);
    expect(servicesThatRead(event, 'customerId')).toEqual(['payment']);
  });

  it('lists the consumers that would dead-letter the records of a removed event', async () => {
    const workingSchemas = contract.workingSchemas.filter((schema) => schema !== created);
    const report = await reviewContract({ ...contract, workingSchemas }, base, subscribersOf(root), () =>
      Promise.resolve(usage),
    );
    expect(report.verdict).toBe('NONE');
    expect(asMarkdown(report)).toMatch(/inventory and payment would dead-letter each of these records/);
  });
});
