// Service links of Kubernetes among the variables of a process. Used by variables.ts.

const serviceLink = /^(?:tcp|udp):\/\/[\d.:a-f[\]]+$/;

/** The variables with which Kubernetes announces the services of a namespace. For a service `app`, these are
 *  `APP_SERVICE_HOST`, `APP_PORT=tcp://10.0.0.1:80` and others, which are not meant for `port`. */
export function serviceLinks(
  variables: readonly { readonly name: string; readonly value: unknown }[],
): ReadonlySet<string> {
  const end = '_SERVICE_HOST';
  const hosts = variables.filter(({ name }) => name.endsWith(end));
  if (hosts.length === 0) return new Set();
  const values = new Map(variables.map(({ name, value }) => [name, value]));
  const services = new Set(
    hosts
      .map(({ name }) => name.slice(0, -end.length))
      .filter((service) => serviceLink.test(String(values.get(`${service}_PORT`)))),
  );
  const isLink = ({ name }: { readonly name: string }): boolean =>
    [...name.matchAll(/_(?:PORT(?=_|$)|SERVICE_)/g)].some(({ index }) => services.has(name.slice(0, index)));
  return new Set(variables.filter(isLink).map(({ name }) => name));
}
