/** `.stack/endpoints.json`: where a running local network can be reached. */
export interface Endpoints {
  readonly authority: string;
  readonly regions: readonly {
    readonly name: string;
    readonly redis: string;
    readonly nodes: readonly string[];
    /** Host and port of each node for flagd's clients. */
    readonly grpc?: readonly string[];
  }[];
  readonly etcd: string;
  readonly postgres: string;
  /** PEM of who signs the certificates, where these are https. */
  readonly ca_file?: string;
  readonly token: string;
}
