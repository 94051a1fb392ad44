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

export const pluginsQuery = queryOptions({
  queryKey: ["plugins"],
  queryFn: () => data(client.GET("/api/v2/plugins", { params: { query: { limit: MOST } } })),
});

export const pluginErrorsQuery = queryOptions({
  queryKey: ["plugins", "errors"],
  queryFn: () => data(client.GET("/api/v2/plugins/importErrors")),
});

export const providersQuery = queryOptions({
  queryKey: ["providers"],
  queryFn: () => data(client.GET("/api/v2/providers", { params: { query: { limit: MOST } } })),
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

export const rolesQuery = queryOptions({
  queryKey: ["users", "roles"],
  queryFn: () => data(client.GET("/auth/fab/v1/roles", { params: { query: { limit: MOST } } })),
});
