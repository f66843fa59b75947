// Turns the facts into findings, area by area in the sequence of the report. Pure. A part that could not be read is one finding,
// and the areas that depend on this part are marked as not seen.
import { serviceNames, services } from '../stack/topology.ts';
import type { ClockFacts, Facts, Reading } from './facts.ts';
import { type Finding, broken, warning } from './finding.ts';
import { judgeDatabase, judgeLogin } from './judge-database.ts';
import { judgeConnect, judgeConnector } from './judge-connect.ts';
import { judgeKafka, judgeRegistry, judgeSchemaIds, judgeRetention } from './judge-kafka.ts';

interface Area {
  readonly area: string;
  /** False when the area could not be read; a finding of another area has the reason. */
  readonly seen: boolean;
  readonly findings: readonly Finding[];
}

const startRemedy = 'If it is not running, start it with npm start, or with your own deployment.';
const findingsOf = <T>(reading: Reading<T>, judge: (value: T) => Finding[]): Finding[] =>
  reading.ok ? judge(reading.value) : [broken(reading.problem, startRemedy)];

const skewMs = 1_000;
const judgeClocks = (clocks: readonly ClockFacts[]): Finding[] =>
  clocks
    .filter(({ aheadMs, uncertainMs }) => Math.abs(aheadMs) > skewMs + uncertainMs)
    .map(({ part, aheadMs }) =>
      warning(
        `The clock of ${part} is ${(Math.abs(aheadMs) / 1000).toFixed(1)} s ${aheadMs > 0 ? 'ahead' : 'behind'}: deadlines, ages and latencies are wrong by that much.`,
        'Synchronise it with NTP.',
      ),
    );

export const judge = (facts: Facts): readonly Area[] => [
  ...serviceNames.map((service) => ({
    area: `${service} database`,
    seen: true,
    findings: [
      ...findingsOf(facts.databases[service], (database) => judgeDatabase(service, database)),
      ...(facts.databases[service].ok ? judgeLogin(service, facts.logins[service]) : []),
    ],
  })),
  { area: 'Kafka Connect', seen: true, findings: findingsOf(facts.connect, judgeConnect) },
  ...serviceNames.map((service) => ({
    area: services[service].connector,
    seen: facts.connect.ok,
    findings: facts.connect.ok
      ? findingsOf(facts.connectors[service], (connector) => judgeConnector(service, connector))
      : [],
  })),
  { area: 'Kafka', seen: true, findings: findingsOf(facts.kafka, judgeKafka) },
  {
    area: 'schema registry',
    seen: true,
    findings: [...findingsOf(facts.registry, judgeRegistry), ...judgeSchemaIds(facts.schemaIds)],
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
