// The verdict of `npm run doctor` on everything that was read, area by area in the order of the report. Pure: what cannot be
// read is a finding of its own, and what depends on it is marked as not seen.
import { serviceNames, services } from '../stack/topology.ts';
import type { ClockFacts, Facts, Reading } from './facts.ts';
import { type Finding, broken, warning } from './finding.ts';
import { judgeDatabase, judgeLogin } from './judge-database.ts';
import { judgeConnect, judgeConnector } from './judge-connect.ts';
import { judgeKafka, judgeRegistry, judgeSchemaIds, judgeRetention } from './judge-kafka.ts';

/** One part of the system, and what is wrong with it. */
export interface Area {
  readonly area: string;
  /** False: another finding explains why this part could not be read. */
  readonly seen: boolean;
  readonly findings: readonly Finding[];
}

const start = 'Start it: npm start, or whatever runs it where you are.';
const judged = <T>(reading: Reading<T>, judge: (value: T) => Finding[]): Finding[] =>
  reading.ok ? judge(reading.value) : [broken(reading.problem, start)];

const skewMs = 1_000;
export const judgeClocks = (clocks: readonly ClockFacts[]): Finding[] =>
  clocks
    .filter(({ aheadMs, uncertainMs }) => Math.abs(aheadMs) > skewMs + uncertainMs)
    .map(({ part, aheadMs }) =>
      warning(
        `The clock of ${part} is ${(Math.abs(aheadMs) / 1000).toFixed(1)} s ${aheadMs > 0 ? 'ahead' : 'behind'}: deadlines, ages and latencies are off by that.`,
        'Have it kept by NTP.',
      ),
    );

/** Every area in the order of the report, with its findings. */
export const judge = (facts: Facts): readonly Area[] => [
  ...serviceNames.map((service) => ({
    area: `${service} database`,
    seen: true,
    findings: [
      ...judged(facts.databases[service], (database) => judgeDatabase(service, database)),
      ...(facts.databases[service].ok ? judgeLogin(service, facts.logins[service]) : []),
    ],
  })),
  { area: 'Kafka Connect', seen: true, findings: judged(facts.connect, judgeConnect) },
  ...serviceNames.map((service) => ({
    area: services[service].connector,
    seen: facts.connect.ok,
    // Without a worker there is nothing to say of its connectors.
    findings: facts.connect.ok
      ? judged(facts.connectors[service], (connector) => judgeConnector(service, connector))
      : [],
  })),
  { area: 'Kafka', seen: true, findings: judged(facts.kafka, judgeKafka) },
  {
    area: 'schema registry',
    seen: true,
    findings: [...judged(facts.registry, judgeRegistry), ...judgeSchemaIds(facts.schemaIds)],
  },
  { area: 'clocks', seen: facts.clocks.length > 0, findings: judgeClocks(facts.clocks) },
  {
    area: 'retention',
    seen: facts.kafka.ok,
    findings: facts.retention.ok
      ? judgeRetention(facts.retention.value, facts.kafka.ok ? facts.kafka.value.events : [])
      : [broken(facts.retention.problem, 'Correct the variable, see services/SETTINGS.md.')],
  },
];
