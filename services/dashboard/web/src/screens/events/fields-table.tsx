// The fields of one schema version. Fields of a nested record are indented below it.
import { Table } from '@mantine/core';
import type { CatalogueEvent } from '../../api/types.ts';
import { Code } from './code-text.tsx';
import classes from './events-page.module.css';

type Field = CatalogueEvent['versions'][number]['fields'][number];

const Row = ({ field, isKey }: { field: Field; isKey: boolean }) => (
  <Table.Tr>
    <Table.Th scope="row" className={classes['field']}>
      <span title={field.path} style={{ paddingInlineStart: field.depth * 20 }}>
        {field.depth > 0 && (
          <span aria-hidden="true" className={classes['branch']}>
            └
          </span>
        )}
        {field.name}
        {isKey && <span className={classes['key']}>key</span>}
      </span>
    </Table.Th>
    <Table.Td className={classes['type']}>{field.type}</Table.Td>
    <Table.Td className={classes['type']}>
      {field.default ?? <span className={classes['none']}>none</span>}
    </Table.Td>
    <Table.Td className={classes['doc']}>
      <Code text={field.doc} />
      {field.symbols.length > 0 && (
        <span className={classes['symbols']}>
          {field.symbols.map((symbol) => (
            <code key={symbol}>{symbol}</code>
          ))}
        </span>
      )}
    </Table.Td>
  </Table.Tr>
);

export const FieldsTable = ({ label, fields, keyField }: FieldsTableProps) => (
  <Table.ScrollContainer minWidth={720} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
    <Table aria-label={label} verticalSpacing="xs" horizontalSpacing="md">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Field</Table.Th>
          <Table.Th>Type</Table.Th>
          <Table.Th>Default</Table.Th>
          <Table.Th>Description</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {fields.map((field) => (
          <Row key={field.path} field={field} isKey={field.path === keyField} />
        ))}
      </Table.Tbody>
    </Table>
  </Table.ScrollContainer>
);

interface FieldsTableProps {
  readonly label: string;
  readonly fields: readonly Field[];
  /** The field whose value is the key of the Kafka record. */
  readonly keyField: string;
}
