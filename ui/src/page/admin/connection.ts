/** A connection as its form holds it, and what of it changed. */
import type { components } from "../../api/schema";
import { pretty } from "./json";
import type { Connection } from "./query";

type Body = components["schemas"]["ConnectionBody"];

export interface Draft {
  connection_id: string;
  conn_type: string;
  description: string;
  host: string;
  login: string;
  password: string;
  schema: string;
  port: string;
  extra: string;
}

export const NEW: Draft = { connection_id: "", conn_type: "", description: "", host: "", login: "", password: "", schema: "", port: "", extra: "" };

export const draftOf = (connection: Connection): Draft => ({
  connection_id: connection.connection_id,
  conn_type: connection.conn_type,
  description: connection.description ?? "",
  host: connection.host ?? "",
  login: connection.login ?? "",
  password: connection.password ?? "",
  schema: connection.schema ?? "",
  port: connection.port === null ? "" : String(connection.port),
  extra: pretty(connection.extra ?? ""),
});

/**
 * The body for the server. Secrets that are as they were shown (`***`) are sent as they were shown, in the
 * server's own spelling: that is how it knows that they stay.
 */
export function bodyOf(draft: Draft, before?: Connection): Body {
  const text = (value: string) => value || null;
  const isExtraKept = before !== undefined && draft.extra === draftOf(before).extra;
  return {
    connection_id: draft.connection_id.trim(),
    conn_type: draft.conn_type.trim(),
    description: text(draft.description),
    host: text(draft.host.trim()),
    login: text(draft.login),
    password: text(draft.password),
    schema: text(draft.schema.trim()),
    port: draft.port === "" ? null : Number(draft.port),
    extra: isExtraKept ? before.extra : text(draft.extra.trim()),
  };
}

/** The fields that differ from what was read. */
export function changedOf(draft: Draft, before: Connection): (keyof Draft)[] {
  const old = draftOf(before);
  return (Object.keys(old) as (keyof Draft)[]).filter((name) => draft[name] !== old[name]);
}

interface Kind {
  label: string;
  port?: number;
  /** What the fields mean for this type, where that is not what they are called. */
  names?: Partial<Record<"host" | "login" | "password" | "schema", string>>;
  extra?: string;
}

const database = (label: string, port: number, extra?: string): Kind => ({ label, port, names: { schema: "database" }, extra });

/** Types that people use often; any other can be typed. */
export const KINDS: Record<string, Kind> = {
  aws: { label: "Amazon Web Services", names: { login: "accessKey", password: "secretKey" }, extra: '{"region_name": "eu-central-1"}' },
  azure: { label: "Azure", names: { login: "clientId", password: "clientSecret" }, extra: '{"tenantId": "…", "subscriptionId": "…"}' },
  databricks: { label: "Databricks", names: { password: "token" }, extra: '{"http_path": "…"}' },
  docker: { label: "Docker registry" },
  elasticsearch: { label: "Elasticsearch", port: 9200 },
  email: { label: "Email" },
  fs: { label: "File system", extra: '{"path": "/data"}' },
  ftp: { label: "FTP", port: 21 },
  generic: { label: "Generic" },
  google_cloud_platform: { label: "Google Cloud", extra: '{"project": "…", "key_path": "/keys/service.json"}' },
  http: { label: "HTTP", names: { schema: "scheme" }, extra: '{"Accept": "application/json"}' },
  kafka: { label: "Apache Kafka", extra: '{"bootstrap.servers": "broker:9092"}' },
  kubernetes: { label: "Kubernetes", extra: '{"in_cluster": true, "namespace": "default"}' },
  mongo: database("MongoDB", 27017),
  mssql: database("Microsoft SQL Server", 1433),
  mysql: database("MySQL, MariaDB", 3306, '{"charset": "utf8mb4"}'),
  oracle: database("Oracle", 1521),
  postgres: database("PostgreSQL", 5432, '{"sslmode": "require"}'),
  redis: { label: "Redis", port: 6379, extra: '{"db": 0}' },
  redshift: database("Amazon Redshift", 5439),
  salesforce: { label: "Salesforce" },
  sftp: { label: "SFTP", port: 22 },
  slack: { label: "Slack", names: { password: "token" } },
  smtp: { label: "SMTP", port: 587 },
  snowflake: { label: "Snowflake", extra: '{"account": "…", "warehouse": "…", "database": "…", "role": "…"}' },
  spark: { label: "Apache Spark", port: 7077 },
  sqlite: { label: "SQLite" },
  ssh: { label: "SSH", port: 22, extra: '{"key_file": "/keys/id_ed25519"}' },
  trino: { label: "Trino", port: 8080, names: { schema: "catalog" } },
};
