// A table that can be sorted by keyboard, with columns that can be hidden and with CSV export. Only the rows in view are rendered,
// so long tables stay fast.
import { Button, Checkbox, Menu, Table, UnstyledButton } from '@mantine/core';
import {
  columnVisibilityFeature,
  createSortedRowModel,
  rowSortingFeature,
  tableFeatures,
  useTable,
  type ColumnDef,
  type ColumnVisibilityState,
  type SortingState,
} from '@tanstack/react-table';
import { useLocalStorage } from '@mantine/hooks';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown, ArrowUp, ChevronsUpDown, Columns3, Download } from 'lucide-react';
import { memo, useEffect, useMemo, useRef, useState } from 'react';
import classes from './data-table.module.css';
import { saveAsCsv } from './csv.ts';

export interface Column<Row> {
  readonly id: string;
  readonly header: string;
  /** The value for sorting and for the CSV file. */
  readonly value: (row: Row) => string | number | null;
  /** Renders the cell. Absent: the cell shows the value. */
  readonly cell?: (row: Row) => React.ReactNode;
  readonly numeric?: boolean;
  readonly sortable?: boolean;
}

interface DataTableProps<Row> {
  readonly label: string;
  /** Must be stable: defined outside the component, or memoised. */
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowId: (row: Row) => string;
  readonly sort?: SortingState;
  /** The name of the CSV file. Absent: no CSV export. */
  readonly csv?: string;
  /** Shown above the table, next to the buttons. */
  readonly caption?: React.ReactNode;
  readonly minWidth?: number;
}

const features = tableFeatures({
  rowSortingFeature,
  columnVisibilityFeature,
  sortedRowModel: createSortedRowModel(),
});
type Features = typeof features;

const compare = (a: string | number | null, b: string | number | null): number => {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a ?? '').localeCompare(String(b ?? ''), undefined, { numeric: true });
};

const sortIcons = { asc: ArrowUp, desc: ArrowDown, none: ChevronsUpDown } as const;
const rowHeight = 53;

/** All props must be stable, so that a row that stays in view is not rendered again while the user scrolls. */
interface TableRowProps<Row> {
  readonly row: Row;
  readonly index: number;
  readonly columns: readonly Column<Row>[];
  readonly measure: (element: Element | null) => void;
}

const TableRow = memo(function TableRow<Row>({ row, index, columns, measure }: TableRowProps<Row>) {
  return (
    <Table.Tr ref={measure} data-index={index}>
      {columns.map(({ id, numeric = false, value, cell }) => (
        <Table.Td key={id} ta={numeric ? 'right' : 'left'}>
          {cell === undefined ? value(row) : cell(row)}
        </Table.Td>
      ))}
    </Table.Tr>
  );
}) as <Row>(props: TableRowProps<Row>) => React.ReactNode;

export function DataTable<Row extends object>({
  label,
  columns,
  rows,
  rowId,
  sort = [],
  csv,
  caption,
  minWidth = 720,
}: DataTableProps<Row>) {
  const definitions = useMemo(
    () =>
      columns.map(({ id, header, value, sortable = true }): ColumnDef<Features, Row> => ({
        id,
        header,
        accessorFn: value,
        enableSorting: sortable,
        sortFn: (a, b) => compare(value(a.original), value(b.original)),
      })),
    [columns],
  );
  const [columnVisibility, setColumnVisibility] = useLocalStorage<ColumnVisibilityState>({
    key: `orderflow.columns.${label}`,
    defaultValue: {},
    getInitialValueInEffect: false,
  });
  const table = useTable<Features, Row>({
    features,
    columns: definitions,
    data: rows,
    getRowId: rowId,
    initialState: { sorting: sort },
    state: { columnVisibility },
    onColumnVisibilityChange: setColumnVisibility,
  });
  const visibleIds = columns
    .filter(({ id }) => table.getColumn(id)?.getIsVisible() !== false)
    .map(({ id }) => id)
    .join();
  const visibleColumns = useMemo(
    () => columns.filter(({ id }) => visibleIds.split(',').includes(id)),
    [columns, visibleIds],
  );
  const sorted = table.getRowModel().rows;
  const body = useRef<HTMLTableSectionElement>(null);
  const [offset, setOffset] = useState(0);
  useEffect(() => {
    const top = body.current?.getBoundingClientRect().top;
    if (top !== undefined) setOffset(top + window.scrollY);
  }, []);
  const virtual = useWindowVirtualizer({
    count: sorted.length,
    estimateSize: () => rowHeight,
    overscan: 12,
    scrollMargin: offset,
  });
  const renderedRows = virtual.getVirtualItems();
  const heightAbove = (renderedRows[0]?.start ?? offset) - offset;
  const heightBelow = virtual.getTotalSize() - ((renderedRows.at(-1)?.end ?? offset) - offset);
  return (
    <>
      <div className={classes['tools']}>
        <span>{caption}</span>
        <Menu closeOnItemClick={false} position="bottom-end">
          <Menu.Target>
            <Button variant="subtle" size="xs" leftSection={<Columns3 size={14} aria-hidden="true" />}>
              Columns
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {columns.map(({ id, header }) => {
              const column = table.getColumn(id);
              return (
                <Menu.Item key={id} onClick={() => column?.toggleVisibility()}>
                  <Checkbox
                    size="xs"
                    label={header}
                    checked={column?.getIsVisible() ?? true}
                    readOnly
                    tabIndex={-1}
                    style={{ pointerEvents: 'none' }}
                  />
                </Menu.Item>
              );
            })}
          </Menu.Dropdown>
        </Menu>
        {csv !== undefined && (
          <Button
            variant="subtle"
            size="xs"
            leftSection={<Download size={14} aria-hidden="true" />}
            onClick={() =>
              saveAsCsv(csv, [
                visibleColumns.map(({ header }) => header),
                ...sorted.map(({ original }) => visibleColumns.map(({ value }) => value(original))),
              ])
            }
          >
            Export CSV
          </Button>
        )}
      </div>
      <Table.ScrollContainer minWidth={minWidth}>
        <Table aria-label={label} verticalSpacing="xs" horizontalSpacing="md">
          <Table.Thead>
            <Table.Tr>
              {visibleColumns.map(({ id, header, numeric = false, sortable = true }) => {
                const column = table.getColumn(id);
                const sortedBy = column?.getIsSorted() ?? false;
                const direction = sortedBy === false ? 'none' : sortedBy;
                const Icon = sortIcons[direction];
                return (
                  <Table.Th
                    key={id}
                    ta={numeric ? 'right' : 'left'}
                    aria-sort={
                      direction === 'none' ? 'none' : direction === 'asc' ? 'ascending' : 'descending'
                    }
                  >
                    {sortable ? (
                      <UnstyledButton
                        className={classes['sort']}
                        data-active={direction !== 'none' || undefined}
                        onClick={column?.getToggleSortingHandler()}
                      >
                        {header}
                        <Icon size={12} aria-hidden="true" />
                      </UnstyledButton>
                    ) : (
                      header
                    )}
                  </Table.Th>
                );
              })}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody ref={body}>
            {heightAbove > 0 && <tr aria-hidden="true" style={{ height: heightAbove }} />}
            {renderedRows.map(({ index }) => {
              const row = sorted[index];
              if (row === undefined) return null;
              return (
                <TableRow
                  key={row.id}
                  row={row.original}
                  index={index}
                  columns={visibleColumns}
                  measure={virtual.measureElement}
                />
              );
            })}
            {heightBelow > 0 && <tr aria-hidden="true" style={{ height: heightBelow }} />}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </>
  );
}
