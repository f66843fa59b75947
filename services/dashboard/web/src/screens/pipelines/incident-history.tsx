// The problems of the pipelines that the auditor has recorded, with the duration and the last action of each.
import { Button, Table } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { incidentsQuery } from '../../api/admin-queries.ts';
import type { Incidents } from '../../api/types.ts';
import { Card } from '../../parts/card.tsx';
import { formatDuration } from '../../parts/format.ts';
import { StateBadge } from '../../parts/state-badge.tsx';
import { Empty, ErrorMessage, Loading } from '../../parts/states.tsx';
import { When } from '../../parts/when.tsx';
import { toneOf } from './causes.ts';
import { describeAction } from './describe-action.ts';
import classes from './pipelines.module.css';

type Incident = Incidents['data'][number];

/** The number of problems that are shown before the user asks for all. */
const initialCount = 20;

const Row = ({ incident }: { incident: Incident }) => {
  const { startedAt, endedAt, connectorName, problem, level, sentence } = incident;
  return (
    <Table.Tr>
      <Table.Td className={classes['short']}>
        <When at={startedAt} />
      </Table.Td>
      <Table.Td className={classes['short']}>{connectorName}</Table.Td>
      <Table.Td>
        <StateBadge tone={toneOf({ problem, level })}>{problem.replaceAll('_', ' ')}</StateBadge>
        <div className={classes['why']} title={sentence}>
          {sentence}
        </div>
      </Table.Td>
      <Table.Td className={classes['number']}>
        {endedAt === null ? 'ongoing' : formatDuration(Date.parse(endedAt) - Date.parse(startedAt))}
      </Table.Td>
      <Table.Td>{describeAction(incident)}</Table.Td>
    </Table.Tr>
  );
};

const History = ({ data }: Pick<Incidents, 'data'>) => {
  const [showsAll, setShowsAll] = useState(false);
  return (
    <>
      <Table.ScrollContainer minWidth={760} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table className={classes['groups']} aria-label="History of problems">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Start</Table.Th>
              <Table.Th>Pipeline</Table.Th>
              <Table.Th>Problem</Table.Th>
              <Table.Th className={classes['number']}>Duration</Table.Th>
              <Table.Th>Last action</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {(showsAll ? data : data.slice(0, initialCount)).map((incident) => (
              <Row
                key={`${incident.service}/${incident.problem}/${incident.startedAt}`}
                incident={incident}
              />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {!showsAll && data.length > initialCount && (
        <p className={classes['note']}>
          <Button variant="default" size="xs" onClick={() => setShowsAll(true)}>
            Show all {data.length}
          </Button>
        </p>
      )}
    </>
  );
};

export const IncidentHistory = () => {
  const incidents = useQuery(incidentsQuery);
  const { data } = incidents;
  return (
    <Card
      title="History of problems"
      flush
      aside={
        data !== undefined && (
          <>
            Recorded since the auditor started, <When at={data.since} />
          </>
        )
      }
    >
      {incidents.isPending && <Loading lines={3} />}
      {incidents.isError && data === undefined && (
        <ErrorMessage error={incidents.error} retry={() => void incidents.refetch()} />
      )}
      {data?.data.length === 0 && (
        <Empty title="No problems yet">The auditor has recorded no problems since it started.</Empty>
      )}
      {data !== undefined && data.data.length > 0 && <History data={data.data} />}
    </Card>
  );
};
