// The differences between the running configuration of a connector and its configuration file, with the consequences of applying
// the file.
import { Table } from '@mantine/core';
import type { Pipeline } from '../../api/types.ts';
import { StateBadge } from '../../parts/state-badge.tsx';
import classes from './pipelines.module.css';
import { Remedy } from './remedy.tsx';

type Drift = NonNullable<Pipeline['drift']>;

const Value = ({ children }: { children: string | null }) =>
  children === null ? <span className={classes['quiet']}>absent</span> : <code>{children}</code>;

const Change = ({ change }: { change: Drift['changes'][number] }) => (
  <Table.Tr>
    <Table.Th scope="row">
      <code>{change.key}</code>
    </Table.Th>
    <Table.Td>
      <Value>{change.running}</Value>
    </Table.Td>
    <Table.Td>
      <Value>{change.file}</Value>
    </Table.Td>
    <Table.Td>
      <StateBadge tone={change.dangerous ? 'bad' : 'wait'}>
        {change.dangerous ? `dangerous, ${change.consequence}` : change.consequence}
      </StateBadge>
      <br />
      {change.sentence}
    </Table.Td>
  </Table.Tr>
);

export const ConnectorDrift = ({ pipeline }: { pipeline: Pipeline }) => {
  const { service, connectorName, drift } = pipeline;
  const file = `connectors/${service}.json`;
  if (drift === null)
    return (
      <p className={classes['quiet']}>It is unknown whether the running configuration matches {file}.</p>
    );
  if (drift.changes.length === 0)
    return <p className={classes['quiet']}>The running configuration matches {file}.</p>;
  return (
    <section className={classes['drift']} aria-label={`Configuration of ${connectorName}`}>
      <p>{drift.sentence}</p>
      <Remedy text={drift.remedy} />
      <Table.ScrollContainer minWidth={680} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table aria-label={`Differences of ${connectorName}`}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Setting</Table.Th>
              <Table.Th>Running</Table.Th>
              <Table.Th>File</Table.Th>
              <Table.Th>When the file is applied</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {drift.changes.map((change) => (
              <Change key={change.key} change={change} />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </section>
  );
};
