/** What the pages of this area read. Keys begin as the stream names their topics. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { client, data } from "../../api/client";
import type { components } from "../../api/schema";
import type { Params } from "../../query";

type Schemas = components["schemas"];
export type Connection = Schemas["ConnectionResponse"];
export type Variable = Schemas["VariableResponse"];
export type Pool = Schemas["PoolResponse"];
export type User = Schemas["UserResponse"];
export type Role = Schemas["RoleResponse"];
export type Provider = Schemas["ProviderResponse"];
export type Plugin = Schemas["PluginResponse"];

/** What one answer holds at most; more needs another page. */
export const MOST = 100;

export const connectionsQuery = (query: Params<"/api/v2/connections">) =>
  queryOptions({
    queryKey: ["connections", query],
    queryFn: () => data(client.GET("/api/v2/connections", { params: { query } })),
    placeholderData: keepPreviousData,
  });

export const connectionQuery = (connection_id: string) =>
  queryOptions({
    queryKey: ["connections", "one", connection_id],
    queryFn: () => data(client.GET("/api/v2/connections/{connection_id}", { params: { path: { connection_id } } })),
  });

export const variablesQuery = (query: Params<"/api/v2/variables">) =>
  queryOptions({
    queryKey: ["variables", query],
    queryFn: () => data(client.GET("/api/v2/variables", { params: { query } })),
    placeholderData: keepPreviousData,
  });

export const variableQuery = (variable_key: string) =>
  queryOptions({
    queryKey: ["variables", "one", variable_key],
    queryFn: () => data(client.GET("/api/v2/variables/{variable_key}", { params: { path: { variable_key } } })),
  });

export const poolsQuery = (query: Params<"/api/v2/pools">) =>
  queryOptions({
    queryKey: ["pools", query],
    queryFn: () => data(client.GET("/api/v2/pools", { params: { query } })),
    placeholderData: keepPreviousData,
  });

export const poolQuery = (pool_name: string) =>
  queryOptions({
    queryKey: ["pools", "one", pool_name],
    queryFn: () => data(client.GET("/api/v2/pools/{pool_name}", { params: { path: { pool_name } } })),
  });

export const pluginsQuery = (query: Params<"/api/v2/plugins">) =>
  queryOptions({
    queryKey: ["plugins", query],
    queryFn: () => data(client.GET("/api/v2/plugins", { params: { query } })),
    placeholderData: keepPreviousData,
  });

export const pluginErrorsQuery = queryOptions({
  queryKey: ["plugins", "errors"],
  queryFn: () => data(client.GET("/api/v2/plugins/importErrors")),
});

export const providersQuery = (query: Params<"/api/v2/providers">) =>
  queryOptions({
    queryKey: ["providers", query],
    queryFn: () => data(client.GET("/api/v2/providers", { params: { query } })),
    placeholderData: keepPreviousData,
  });

export const configQuery = queryOptions({
  queryKey: ["config"],
  queryFn: async () => {
    const config = await data(client.GET("/api/v2/config", { params: { header: { accept: "application/json" } } }));
    return typeof config === "string" ? { sections: [] } : config; // text is for who asks for it
  },
});

export const usersQuery = (query: Params<"/auth/fab/v1/users">) =>
  queryOptions({
    queryKey: ["users", query],
    queryFn: () => data(client.GET("/auth/fab/v1/users", { params: { query } })),
    placeholderData: keepPreviousData,
  });

export const userQuery = (username: string) =>
  queryOptions({
    queryKey: ["users", "one", username],
    queryFn: () => data(client.GET("/auth/fab/v1/users/{username}", { params: { path: { username } } })),
  });

export const rolesQuery = (query: Params<"/auth/fab/v1/roles">) =>
  queryOptions({
    queryKey: ["users", "roles", query],
    queryFn: () => data(client.GET("/auth/fab/v1/roles", { params: { query } })),
    placeholderData: keepPreviousData,
  });

/** The names of all roles, however many. */
export const roleNamesQuery = queryOptions({
  queryKey: ["users", "roles", "names"],
  queryFn: () =>
    allPages(async (offset) => {
      const { roles = [], total_entries = 0 } = await data(client.GET("/auth/fab/v1/roles", { params: { query: { limit: MOST, offset } } }));
      return { rows: roles.map(({ name }) => name ?? ""), total: total_entries };
    }),
});

/** All rows of a list, a page after the other. */
export async function allPages<Row>(read: (offset: number) => Promise<{ rows: Row[]; total: number }>): Promise<Row[]> {
  const all: Row[] = [];
  for (;;) {
    const { rows, total } = await read(all.length);
    all.push(...rows);
    if (!rows.length || all.length >= total) return all;
  }
}
