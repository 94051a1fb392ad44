import { Tabs } from "@mantine/core";
import { IconShieldLock, IconUsers } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

import { useCan } from "../../api/session";
import { useParam } from "../../part/DataTable";
import { Page } from "../../part/Page";
import { Roles } from "./Roles";
import { UserTable } from "./UserTable";

export function Component() {
  const { t } = useTranslation();
  const can = useCan();
  const [tab, setTab] = useParam("tab");
  const users = <UserTable />;
  return (
    <Page title={t("nav.users")}>
      {can("can_read", "Roles") ? (
        <Tabs value={tab ?? "users"} onChange={(value) => setTab(value === "users" ? null : value)} keepMounted={false}>
          <Tabs.List mb="md">
            <Tabs.Tab value="users" leftSection={<IconUsers size={16} />}>{t("nav.users")}</Tabs.Tab>
            <Tabs.Tab value="roles" leftSection={<IconShieldLock size={16} />}>{t("admin.role.title")}</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="users">{users}</Tabs.Panel>
          <Tabs.Panel value="roles"><Roles /></Tabs.Panel>
        </Tabs>
      ) : (
        users
      )}
    </Page>
  );
}
