/** Who is signed in and what they may do. Types only. */

export interface SessionView {
  /** Name as the API server knows it. */
  user: string;
  groups: string[];
  /** Namespaces in which there is something of Atoll that this user may read, with what may be done there. */
  namespaces: NamespaceRights[];
  /** Rights that belong to the cluster. */
  islands: { list: boolean; change: boolean };
  /**
   * To be sent with every request that changes something, as header `x-atoll-csrf`. Bound to the session. Empty for callers that
   * send a bearer token themselves, which need none.
   */
  csrf: string;
  /** Version of the server. */
  version: string;
  role: 'hub' | 'standalone' | 'laptop';
  /** Template of links to other tools, from the chart's values: name and URL with {namespace}, {run}, {work}. */
  links: { name: string; url: string }[];
}

export interface NamespaceRights {
  name: string;
  /** list experttrainings: without it the namespace is not in the list. */
  runs: boolean;
  datasets: boolean;
  /** patch experttrainings: suspend, resume, retry, move. */
  change: boolean;
  /** get pods/log. */
  logs: boolean;
}

/**
 * Body of the route `signIn`. The cookie that comes back cannot be read by scripts. A page that is opened with `#token=...` behind its address
 * (as `atoll ui` and `atoll dashboard` do; a browser sends that part to nobody) signs in with it and removes it from the address bar.
 */
export interface SignIn {
  token: string;
}
