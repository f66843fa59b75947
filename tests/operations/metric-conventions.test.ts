// Each rule of the metrics lint must report a violation of that rule.
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { violationsIn, parseScrape, seriesOf } from './metric-conventions.ts';

const gauge = (name: string, sample = `${name} 1`): string =>
  `# HELP ${name} A value.\n# TYPE ${name} gauge\n${sample}\n`;

describe('the metrics lint', () => {
  it('finds no violation in metrics that prom-client writes', async () => {
    const registers = [new Registry()];
    const [registry] = registers;
    new Counter({ name: 'orders_placed_total', help: 'Orders.', labelNames: ['mode'], registers }).inc({
      mode: 'AUTO',
    });
    new Gauge({ name: 'slot_lag_bytes', help: 'Lag.', registers }).set(1);
    const hop = new Histogram({
      name: 'hop_duration_seconds',
      help: 'Hop.',
      labelNames: ['group'],
      registers,
    });
    hop.observe({ group: 'a' }, 1);
    hop.observe({ group: 'b, "c" {d}' }, 2);
    const text = (await registry?.metrics()) ?? '';
    expect(violationsIn(text)).toEqual([]);
    const parsed = parseScrape(text);
    expect([...parsed.keys()]).toEqual(['orders_placed_total', 'slot_lag_bytes', 'hop_duration_seconds']);
    // The buckets of a histogram count as one series.
    expect(seriesOf(parsed.get('hop_duration_seconds') ?? { type: '', help: '', samples: [] }).size).toBe(2);
  });

  it.each([
    ['lag', 'lag 1\n', 'has no HELP'],
    ['lag', '# HELP lag Lag.\nlag 1\n', 'has no TYPE'],
    ['lag', '# HELP lag \n# TYPE lag gauge\nlag 1\n', 'has no HELP'],
    ['orders', '# HELP orders Orders.\n# TYPE orders counter\norders 1\n', 'does not end in _total'],
    ['orders_total', gauge('orders_total'), 'is a gauge and ends in _total'],
    ['orderLag', gauge('orderLag'), 'snake_case'],
    ['jobs:lag', gauge('jobs:lag'), 'snake_case'],
    ['hop_ms', gauge('hop_ms'), 'other than the base units'],
    ['hop_milliseconds_max', gauge('hop_milliseconds_max'), 'other than the base units'],
    ['heap_used_percent', gauge('heap_used_percent'), 'other than the base units'],
    ['hop_seconds_max', gauge('hop_seconds_max'), 'does not end with its unit'],
    ['orders_count', gauge('orders_count'), 'part of a histogram'],
    ['lag_gauge', gauge('lag_gauge'), 'its type in its name'],
    [
      'hop',
      '# HELP hop Hop.\n# TYPE hop histogram\nhop_bucket{le="1"} 1\nhop_sum 1\nhop_count 1\n',
      'without a unit',
    ],
    ['lag', gauge('lag', 'lag{orderId="x"} 1'), 'a label orderId that is not in snake_case'],
    ['lag', gauge('lag', 'lag{order_id="x"} 1'), 'a label order_id with unbounded values'],
    ['lag', gauge('lag', 'lag{key="0198c5ee-3e0a-7cc1-9d2b-1a2b3c4d5e6f"} 1'), 'looks like an id'],
    ['lag', gauge('lag', 'lag{path="/orders/0af7651916cd43dd8448eb211c80319c"} 1'), 'looks like an id'],
    ['lag', gauge('lag', 'lag{key="4711815"} 1'), 'looks like an id'],
    ['lag', gauge('lag', 'lag{who="user@orderflow.io"} 1'), 'looks like an id'],
    ['lag', gauge('lag', `lag{a="${'x'.repeat(121)}"} 1`), 'has more than 120 characters'],
    ['lag', gauge('lag', 'lag{a="1"} 1\nlag{a="1"} 2'), 'a series twice'],
    [
      'lag',
      gauge('lag', Array.from({ length: 301 }, (_, index) => `lag{a="${index}"} 1`).join('\n')),
      '301 series',
    ],
  ])('reports the metric %s of %j', (name, text, violation) => {
    expect(violationsIn(text)).toContainEqual(expect.stringContaining(violation));
    expect(violationsIn(text).every((sentence) => sentence.startsWith(`${name} `))).toBe(true);
  });
});
