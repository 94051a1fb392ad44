import { Accordion, Badge, Group, Paper, Skeleton, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { Pages, useParam, usePaging } from "../../part/DataTable";
import { Problem } from "../../part/Problem";
import { rolesQuery, type Role } from "./query";
import { byResource } from "./role";

/** Which action is shown in which colour; what changes things stands out. */
const COLORS: Record<string, string> = { can_read: "blue", can_create: "teal", can_edit: "orange", can_delete: "red" };
const KNOWN = ["can_read", "can_create", "can_edit", "can_delete", "menu_access"];

export function Roles() {
  const { t } = useTranslation();
  const paging = usePaging("name");
  const roles = useQuery(rolesQuery({ limit: paging.limit, offset: paging.offset, order_by: ["name"] }));
  const [opened, open] = useParam("role", "role");
  if (roles.error) return <Problem error={roles.error} retry={() => void roles.refetch()} />;
  if (!roles.data) return <Skeleton h={240} />;
  return (
    <>
      <Text size="sm" c="dimmed" mb="sm">{t("admin.role.hint")}</Text>
      <Paper>
        <Accordion value={opened} onChange={open} chevronPosition="left">
          {roles.data.roles?.map((role) => (
            <Accordion.Item key={role.name} value={role.name ?? ""}>
              <Accordion.Control>
                <Group justify="space-between" wrap="nowrap" pr="sm">
                  <Text fw={600}>{role.name}</Text>
                  <Text size="sm" c="dimmed">{t("admin.role.count", { count: role.actions?.length ?? 0 })}</Text>
                </Group>
              </Accordion.Control>
              <Accordion.Panel>{opened === role.name && <Permissions role={role} />}</Accordion.Panel>
            </Accordion.Item>
          ))}
        </Accordion>
        <Pages total={roles.data.total_entries} paging={paging} />
      </Paper>
    </>
  );
}

function Permissions({ role }: { role: Role }) {
  const { t } = useTranslation();
  const rows = byResource(role);
  if (!rows.length) return <Text size="sm" c="dimmed">{t("admin.role.nothing")}</Text>;
  return (
    <Table aria-label={t("admin.role.permissions", { name: role.name })} verticalSpacing={4}>
      <Table.Tbody>
        {rows.map(([resource, actions]) => (
          <Table.Tr key={resource}>
            <Table.Th scope="row" fw={500} w="40%">{resource}</Table.Th>
            <Table.Td>
              <Group gap={6}>
                {actions.map((action) => (
                  <Badge key={action} size="sm" variant="light" tt="none" radius="sm" color={COLORS[action] ?? "gray"}>
                    {KNOWN.includes(action) ? t(`admin.role.action.${action}`) : action}
                  </Badge>
                ))}
              </Group>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
