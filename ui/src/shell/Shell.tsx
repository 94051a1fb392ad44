/** The frame of every page: navigation, search, how live we are, and the person's own settings. */
import { ActionIcon, Alert, Anchor, AppShell, Box, Burger, Divider, Group, Indicator, Kbd, NavLink, Text, Tooltip, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconBolt, IconPlugConnectedX, IconSearch } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { Suspense, useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { NavLink as RouterLink, Outlet, useLocation, useNavigation } from "react-router";

import { prefix } from "../api/client";
import { useCan, useMayListen, useSession } from "../api/session";
import { connect, useConnection } from "../api/stream";
import { Loading } from "../part/Problem";
import { Forbidden } from "./Crash";
import { LoginAgain } from "./LoginAgain";
import { ADMIN, API, BROWSE, MAIN, placeOf, type Place } from "./nav";
import { openPalette, Palette } from "./Palette";
import { UserMenu } from "./UserMenu";
import classes from "./Shell.module.css";

export function Shell() {
  return (
    <Suspense fallback={<Loading />}>
      <Frame />
    </Suspense>
  );
}

function Frame() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const { config } = useSession();
  const mayListen = useMayListen();
  const [opened, { toggle, close }] = useDisclosure();
  const { pathname } = useLocation();
  const busy = useNavigation().state !== "idle";
  useEffect(() => (mayListen ? connect(client) : undefined), [client, mayListen]);
  useEffect(close, [close, pathname]);
  useFocus(pathname);
  const can = useCan();
  const resource = placeOf(pathname)?.resource;
  // Nobody's DAGs as a whole may be readable and one of them still be: the server decides on those.
  const isForbidden = !!resource && resource !== "DAGs" && !can("can_read", resource);
  return (
    <AppShell
      header={{ height: 48 }}
      navbar={{ width: 204, breakpoint: "sm", collapsed: { mobile: !opened } }}
      padding={0}
    >
      <AppShell.Header className={classes.header}>
        <a className={classes.skip} href="#main" onClick={(e) => { e.preventDefault(); document.getElementById("main")?.focus(); }}>{t("nav.skip")}</a>
        <Group h="100%" px="sm" gap="sm" wrap="nowrap">
          <Burger opened={opened} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={t("nav.open")} />
          <Anchor component={RouterLink} to="/" underline="never" c="inherit" className={classes.brand} aria-label={config.instance_name}>
            <img src={`${prefix}/static/favicon.svg`} alt="" width={24} height={24} />
            <Text fw={700} size="md" visibleFrom="xs" truncate>{config.instance_name}</Text>
          </Anchor>
          <Box flex={1} />
          <UnstyledButton className={classes.search} onClick={openPalette} visibleFrom="sm">
            <IconSearch size={15} />
            <Text size="sm" flex={1}>{t("palette.open")}</Text>
            <Kbd size="xs">{/Mac/.test(navigator.userAgent) ? "⌘" : "Ctrl"} K</Kbd>
          </UnstyledButton>
          <ActionIcon hiddenFrom="sm" variant="subtle" color="gray" onClick={openPalette} aria-label={t("palette.open")}>
            <IconSearch size={18} />
          </ActionIcon>
          {mayListen && <Liveness />}
          <UserMenu />
        </Group>
        {busy && <div className={classes.busy} role="progressbar" aria-label={t("loading")} />}
      </AppShell.Header>
      <AppShell.Navbar className={classes.nav} aria-label={t("nav.main")}>
        <AppShell.Section grow style={{ overflowY: "auto" }} px={8} py="xs">
          <Places places={MAIN} onChoose={close} />
          <Places label={t("nav.browse")} places={BROWSE} onChoose={close} />
          <Places label={t("nav.admin")} places={ADMIN} onChoose={close} />
        </AppShell.Section>
        <AppShell.Section px={8} pb="xs">
          <NavLink component="a" href={`${prefix}${API.to}`} label={t(API.label)} leftSection={<API.icon size={17} stroke={1.7} />} className={classes.link} />
          <Text size="xs" c="dimmed" px="sm" pt={4}>Slipstream {config.version}</Text>
        </AppShell.Section>
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1} className={classes.main}>
        {mayListen && <LostBanner />}
        <Suspense fallback={<Loading />}>{isForbidden ? <Forbidden resource={resource} /> : <Outlet />}</Suspense>
      </AppShell.Main>
      <Palette />
      <LoginAgain />
    </AppShell>
  );
}

function Places({ label: heading, places, onChoose }: { label?: string; places: Place[]; onChoose: () => void }) {
  const { t } = useTranslation();
  const can = useCan();
  const { pathname } = useLocation();
  const allowed = places.filter(({ resource }) => !resource || can("can_read", resource));
  if (!allowed.length) return null;
  return (
    <>
      {heading && <Divider my={8} label={heading} labelPosition="left" />}
      {allowed.map(({ to, label, icon: Icon }) => (
      <NavLink
        key={to}
        component={RouterLink}
        to={to}
        onClick={onChoose}
        label={t(label)}
        leftSection={<Icon size={17} stroke={1.7} />}
        active={to === "/" ? pathname === "/" : pathname === to || pathname.startsWith(`${to}/`)}
        className={classes.link}
      />
      ))}
    </>
  );
}

function Liveness() {
  const { t } = useTranslation();
  const connection = useConnection();
  const lost = connection === "lost";
  return (
    <Tooltip label={t(`live.${connection}`)}>
      <Indicator disabled={!lost} color="red" processing size={8} offset={3}>
        <Box role="status" aria-label={t(`live.${connection}`)} c={lost ? "red" : connection === "live" ? "teal" : "dimmed"} style={{ display: "grid" }}>
          {lost ? <IconPlugConnectedX size={18} /> : <IconBolt size={18} />}
        </Box>
      </Indicator>
    </Tooltip>
  );
}

/** After a move to another page, what is read and typed next is there: unless the focus is in it already. */
function useFocus(pathname: string) {
  const before = useRef(pathname);
  useEffect(() => {
    if (before.current === pathname) return;
    before.current = pathname;
    const main = document.getElementById("main");
    if (main && !main.contains(document.activeElement)) main.focus({ preventScroll: true });
  }, [pathname]);
}

/** Says that what is shown may be old. */
function LostBanner() {
  const { t } = useTranslation();
  if (useConnection() !== "lost") return null;
  return <Alert color="red" radius={0} py={8} icon={<IconPlugConnectedX size={18} />} role="alert">{t("live.lost")}</Alert>;
}
