/**
 * A table of one page of the server's rows. Page, order and filters live in the address, so that
 * every view can be linked to; the server does the work.
 */
import { Box, Checkbox, Group, Pagination, ScrollArea, Select, Skeleton, Table, Text, UnstyledButton } from "@mantine/core";
import { IconArrowDown, IconArrowsSort, IconArrowUp } from "@tabler/icons-react";
import { flexRender, getCoreRowModel, useReactTable, type ColumnDef, type RowSelectionState } from "@tanstack/react-table";
import { useEffect, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "react-router";

import classes from "./DataTable.module.css";
import { Problem } from "./Problem";

declare module "@tanstack/react-table" {
  // eslint-disable-next-line @typescript-eslint/no-unused-vars
  interface ColumnMeta<TData, TValue> {
    /** The server's name of the column in `order_by`; columns without one cannot be ordered by. */
    order?: string;
    align?: "left" | "right";
    /** Hidden where the table is narrow: on a phone, in a small pane. */
    wideOnly?: boolean;
    /** Stays in sight where the table is narrow, where the other columns scroll beneath it. */
    pinned?: boolean;
    /** Hidden unless the table has a wide screen for itself. */
    roomyOnly?: boolean;
  }
}

export interface Paging {
  limit: number;
  offset: number;
  order_by: string[] | undefined;
  /** Begins the names of its parameters, where a page has several tables. */
  prefix: string;
}

/** The page and order in the address. `order` is what applies until somebody chooses. */
export function usePaging(order?: string, size = 25, prefix = ""): Paging {
  const [search] = useSearchParams();
  const limit = Number(search.get(`${prefix}limit`)) || size;
  const page = Math.max(1, Number(search.get(`${prefix}page`)) || 1);
  const by = search.get(`${prefix}order`) ?? order;
  return { limit, offset: (page - 1) * limit, order_by: by ? [by] : undefined, prefix };
}

/** Read and change one parameter of the address; a change goes back to the first page. */
export function useParam(name: string, page = "page"): [string | null, (value: string | null) => void] {
  const [search, setSearch] = useSearchParams();
  return [
    search.get(name),
    (value) =>
      setSearch(
        (before) => {
          const next = new URLSearchParams(before);
          if (value) next.set(name, value);
          else next.delete(name);
          if (name !== page) next.delete(page);
          return next;
        },
        { replace: true },
      ),
  ];
}

interface Props<Row> {
  columns: ColumnDef<Row, unknown>[];
  rows: Row[] | undefined;
  total: number | undefined;
  paging: Paging;
  /** Names a row for keys and selection. */
  rowId: (row: Row) => string;
  label: string;
  error?: unknown;
  retry?: () => void;
  empty?: ReactNode;
  selection?: [RowSelectionState, (next: RowSelectionState) => void];
}

const classFor = ({ wideOnly, roomyOnly, pinned }: { wideOnly?: boolean; roomyOnly?: boolean; pinned?: boolean }) =>
  pinned ? classes.pinned : roomyOnly ? classes.roomy : wideOnly ? classes.wide : undefined;

export function DataTable<Row>(props: Props<Row>) {
  const { columns, rows, total, paging, rowId, label, error, retry, empty, selection } = props;
  const { t } = useTranslation();
  const { prefix } = paging;
  const [order, setOrder] = useParam(`${prefix}order`, `${prefix}page`);
  const applied = order ?? paging.order_by?.[0];
  const table = useReactTable({
    data: rows ?? [],
    columns,
    getRowId: rowId,
    getCoreRowModel: getCoreRowModel(),
    manualPagination: true,
    manualSorting: true,
    enableRowSelection: !!selection,
    state: { rowSelection: selection?.[0] ?? {} },
    onRowSelectionChange: (update) => selection?.[1](typeof update === "function" ? update(selection[0]) : update),
  });
  if (error) return <Problem error={error} retry={retry} />;
  if (rows?.length === 0 && paging.offset === 0 && empty) return <>{empty}</>;
  return (
    <>
      <ScrollArea type="auto" offsetScrollbars="present" className={classes.frame}>
        <Table aria-label={label} className={classes.table}>
          <Table.Thead>
            {table.getHeaderGroups().map((group) => (
              <Table.Tr key={group.id}>
                {selection && (
                  <Table.Th w={36}>
                    <Checkbox
                      size="xs"
                      aria-label={t("table.selectAll")}
                      checked={table.getIsAllRowsSelected()}
                      indeterminate={table.getIsSomeRowsSelected()}
                      onChange={table.getToggleAllRowsSelectedHandler()}
                    />
                  </Table.Th>
                )}
                {group.headers.map((header) => {
                  const { order: by, align, ...room } = header.column.columnDef.meta ?? {};
                  const content = flexRender(header.column.columnDef.header, header.getContext());
                  const direction = applied === by ? "ascending" : applied === `-${by}` ? "descending" : undefined;
                  return (
                    <Table.Th key={header.id} ta={align} className={classFor(room)} aria-sort={by ? (direction ?? "none") : undefined}>
                      {by ? (
                        <UnstyledButton fz="inherit" fw="inherit" onClick={() => setOrder(direction === "ascending" ? `-${by}` : by)}>
                          <Group gap={4} wrap="nowrap" component="span">
                            {content}
                            {direction === "ascending" ? <IconArrowUp size={13} /> : direction ? <IconArrowDown size={13} /> : <IconArrowsSort size={13} opacity={0.35} />}
                          </Group>
                        </UnstyledButton>
                      ) : (
                        content
                      )}
                    </Table.Th>
                  );
                })}
              </Table.Tr>
            ))}
          </Table.Thead>
          <Table.Tbody>
            {rows === undefined
              ? Array.from({ length: 6 }, (_, i) => (
                  <Table.Tr key={i}>
                    <Table.Td colSpan={columns.length + (selection ? 1 : 0)}>
                      <Skeleton h={18} my={3} />
                    </Table.Td>
                  </Table.Tr>
                ))
              : table.getRowModel().rows.map((row) => (
                  <Table.Tr key={row.id} bg={row.getIsSelected() ? "var(--mantine-primary-color-light)" : undefined}>
                    {selection && (
                      <Table.Td>
                        <Checkbox size="xs" aria-label={t("table.select", { name: row.id })} checked={row.getIsSelected()} onChange={row.getToggleSelectedHandler()} />
                      </Table.Td>
                    )}
                    {row.getVisibleCells().map((cell) => {
                      const { align, ...room } = cell.column.columnDef.meta ?? {};
                      return (
                        <Table.Td key={cell.id} ta={align} className={classFor(room)}>
                          {flexRender(cell.column.columnDef.cell, cell.getContext())}
                        </Table.Td>
                      );
                    })}
                  </Table.Tr>
                ))}
          </Table.Tbody>
        </Table>
      </ScrollArea>
      <Pages total={total} paging={paging} />
    </>
  );
}

/** Which rows are shown, how many at a time, and the way to the others. */
export function Pages({ total, paging }: { total: number | undefined; paging: Paging }) {
  const { t } = useTranslation();
  const page = `${paging.prefix}page`;
  const [, setPage] = useParam(page, page);
  const [, setLimit] = useParam(`${paging.prefix}limit`, page);
  const lastPage = Math.max(1, Math.ceil((total ?? 0) / paging.limit));
  // Its rows may have been deleted since, here or by others.
  const isBeyond = total !== undefined && paging.offset >= lastPage * paging.limit;
  useEffect(() => {
    if (isBeyond) setPage(lastPage === 1 ? null : String(lastPage));
  });
  if (total === undefined || isBeyond) return <Box h={46} />;
  const first = Math.min(paging.offset + 1, total);
  const last = Math.min(paging.offset + paging.limit, total);
  return (
    <Group justify="space-between" px="sm" py="xs" gap="xs">
      <Text size="sm" c="dimmed">{t("table.range", { first, last, total })}</Text>
      <Group gap="sm">
        <Select
          size="xs"
          w={76}
          aria-label={t("table.size")}
          data={["10", "25", "50", "100"]}
          value={String(paging.limit)}
          onChange={setLimit}
          allowDeselect={false}
        />
        {total > paging.limit && (
          <Pagination
            size="sm"
            siblings={1}
            total={lastPage}
            value={Math.floor(paging.offset / paging.limit) + 1}
            onChange={(n) => setPage(n === 1 ? null : String(n))}
            getControlProps={(control) => ({ "aria-label": t(`table.${control}`) })}
          />
        )}
      </Group>
    </Group>
  );
}
