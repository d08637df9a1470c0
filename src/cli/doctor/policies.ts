// The least privilege that a configuration needs, as policies of the stores. Used by `doctor`. Made of what
// the providers need; what the server adds by itself, such as Vault's default policy, is left out.

import type { Need } from '../../needs.ts';

export interface Policy {
  readonly kind: 'vault' | 'aws' | 'gcp' | 'azure';
  /** The server, region, project or vault that it is for. */
  readonly at?: string;
  /** As the tools of the store read it: HCL, JSON, commands. */
  readonly text: string;
}

const kinds = ['vault', 'aws', 'gcp', 'azure'] as const;

/** One policy for each store. A key service without an address belongs to the one store of its kind. */
export function policiesOf(needs: readonly Need[]): Policy[] {
  return kinds.flatMap((kind) => {
    const own = needs.filter((need) => need.kind === kind);
    const known = [...new Set(own.flatMap(({ at }) => at ?? []))];
    const [only] = known;
    const places = known.length > 0 ? known : [undefined];
    const isUnplaced = own.some(({ at }) => at === undefined);
    const groups = isUnplaced && known.length > 1 ? [...places, undefined] : places;
    if (own.length === 0) return [];
    return groups.map((at): Policy => {
      const here = own.filter((need) => (need.at ?? (known.length === 1 ? only : undefined)) === at);
      return { kind, ...(at !== undefined && { at }), text: texts[kind](here, at) };
    });
  });
}

const texts: Readonly<Record<Policy['kind'], (needs: readonly Need[], at: string | undefined) => string>> = {
  vault: vaultPolicy,
  aws: iamPolicy,
  gcp: gcpCommands,
  azure: azureCommands,
};

/** The values of `of`, by the value of `by`, both in order and without repetitions. */
function grouped(
  needs: readonly Need[],
  by: 'action' | 'resource',
  of: 'action' | 'resource',
): Map<string, string[]> {
  const groups = new Map<string, Set<string>>();
  for (const need of needs) groups.set(need[by], (groups.get(need[by]) ?? new Set()).add(need[of]));
  return new Map(
    Array.from(groups, ([name, values]): [string, string[]] => [name, [...values].sort()]).sort(([a], [b]) =>
      a < b ? -1 : 1,
    ),
  );
}

function vaultPolicy(needs: readonly Need[]): string {
  const rows = Array.from(grouped(needs, 'resource', 'action'), ([path, capabilities]) => [
    `path ${JSON.stringify(path)}`,
    `{ capabilities = [${capabilities.map((one) => `"${one}"`).join(', ')}] }`,
  ]);
  return aligned(rows);
}

function iamPolicy(needs: readonly Need[]): string {
  const byResources = new Map<string, { actions: string[]; resources: readonly string[] }>();
  for (const [action, resources] of grouped(needs, 'action', 'resource')) {
    const name = `${resources}`;
    const same = byResources.get(name) ?? { actions: [], resources };
    same.actions.push(action);
    byResources.set(name, same);
  }
  const statements = Array.from(byResources.values(), ({ actions, resources }) =>
    actions.length === 1 && actions[0] === 'kms:Decrypt'
      ? resources.map(decryptStatement)
      : [{ Effect: 'Allow', Action: actions, Resource: resources }],
  ).flat();
  return JSON.stringify({ Version: '2012-10-17', Statement: statements }, undefined, 2);
}

/** The permission to decrypt with a key that an ARN, an id or an alias names. An alias is not a resource. */
function decryptStatement(key: string): object {
  const statement = { Effect: 'Allow', Action: ['kms:Decrypt'] };
  const alias = /(?:^|:)(alias\/.+)$/.exec(key)?.[1];
  if (alias === undefined)
    return { ...statement, Resource: [key.startsWith('arn:') ? key : `arn:aws:kms:*:*:key/${key}`] };
  return {
    ...statement,
    Resource: ['arn:aws:kms:*:*:key/*'],
    Condition: { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': [alias] } },
  };
}

function gcpCommands(needs: readonly Need[]): string {
  const commands = needs.map(({ action, resource }) => {
    const [, project = '', secret] = /^projects\/([^/]+)(?:\/locations\/[^/]+)?(?:\/secrets\/(.*))?$/.exec(
      resource,
    ) ?? [resource, resource];
    const location = /\/locations\/([^/]+)/.exec(resource)?.[1];
    const member = `--member="$MEMBER" --role=${action}`;
    if (secret === undefined || secret === '*')
      return `gcloud projects add-iam-policy-binding ${project} ${member}`;
    if (!secret.endsWith('*')) {
      const where = `--project=${project}${location ? ` --location=${location}` : ''}`;
      return `gcloud secrets add-iam-policy-binding ${secret} ${where} ${member}`;
    }
    const names = `resource.name.extract('/secrets/{name}/').startsWith('${secret.slice(0, -1)}')`;
    const condition = `--condition="title=llm-config,expression=${names}"`;
    return `gcloud projects add-iam-policy-binding ${project} ${member} ${condition}`;
  });
  return [...new Set(commands)].join('\n');
}

function azureCommands(needs: readonly Need[], at: string | undefined): string {
  const vault = at === undefined ? 'VAULT' : (new URL(at).hostname.split('.')[0] as string);
  const assign = 'az role assignment create --assignee "$ASSIGNEE" --role "Key Vault Secrets User"';
  const ofVault = `--scope "$(az keyvault show --name ${vault} --query id --output tsv)`;
  const names = [...grouped(needs, 'resource', 'action').keys()];
  const scopes = names.includes('*') ? [''] : names.map((name) => `/secrets/${name}`);
  return scopes.map((scope) => `${assign} ${ofVault}${scope}"`).join('\n');
}

function aligned(rows: readonly (readonly string[])[]): string {
  const width = Math.max(0, ...rows.map(([first = '']) => first.length));
  return rows.map(([first = '', ...rest]) => [first.padEnd(width), ...rest].join(' ')).join('\n');
}
