// The error, the body and the headers of a dead letter.
import { Table, Tabs } from '@mantine/core';
import type { WholeDeadLetter } from '../../../api/types.ts';
import { Card } from '../../../parts/card.tsx';
import { messageOf, parseFingerprint } from '../cause.ts';
import { hexDump } from './hex-dump.ts';
import classes from './letter.module.css';
import { TextBlock } from './text-block.tsx';

const toJson = (value: unknown): string => JSON.stringify(value, null, 2);

export const ErrorCard = ({ letter }: { letter: WholeDeadLetter }) => (
  <Card title="Error" aside={parseFingerprint(letter.fingerprint).errorKind}>
    <p className={classes['error']}>{messageOf(letter.error)}</p>
    {letter.replayError !== null && (
      <p className={classes['again']}>
        <b>The last replay failed:</b> {messageOf(letter.replayError)}
      </p>
    )}
    <TextBlock label="Stack trace" text={letter.stack} />
  </Card>
);

const Undecodable = ({ letter: { undecodable, valueBase64 } }: { letter: WholeDeadLetter }) => (
  <>
    <p className={classes['again']}>
      <b>The body could not be decoded:</b> {undecodable ?? 'unknown reason'}
    </p>
    {valueBase64 !== null && (
      <TextBlock label="Message bytes" text={hexDump(valueBase64)} copyText={valueBase64} />
    )}
  </>
);

export const BodyCard = ({ letter }: { letter: WholeDeadLetter }) => {
  const { event } = letter;
  return (
    <Card title="Body" aside={event === null ? 'Not decodable' : event.type}>
      {event === null ? (
        <Undecodable letter={letter} />
      ) : (
        <Tabs defaultValue="data" keepMounted={false}>
          <Tabs.List aria-label="Body">
            <Tabs.Tab value="data">Data</Tabs.Tab>
            <Tabs.Tab value="metadata">Metadata</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="data">
            <TextBlock label="Event data" text={toJson(event.data)} />
          </Tabs.Panel>
          <Tabs.Panel value="metadata">
            <TextBlock label="Event metadata" text={toJson(event.metadata)} />
          </Tabs.Panel>
        </Tabs>
      )}
    </Card>
  );
};

export const HeadersCard = ({ headers }: { headers: WholeDeadLetter['headers'] }) => (
  <Card title="Headers" flush>
    <Table aria-label="Headers" horizontalSpacing="md" className={classes['headers']}>
      <Table.Tbody>
        {Object.entries(headers).map(([name, value]) => (
          <Table.Tr key={name}>
            <Table.Th scope="row">{name}</Table.Th>
            <Table.Td>{value}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  </Card>
);
