import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSecretName, looksSecret, MASK, maskUrls, show, taint, words } from '../src/redact.ts';

const fake = 'fake-Zq83-not-real';
const jwt = 'eyJhbGciOiJmYWtlIn0.eyJzdWIiOiJmYWtlIn0.ZmFrZS1zaWduYXR1cmU';

describe('isSecretName', () => {
  it.each([
    ...[
      'password',
      'dbPassword',
      'DB_PASSWORD',
      'db.passphrase',
      'PGPASSWORD',
      'userpassword',
      'passwd',
      'MYSQL_PWD',
    ],
    ...[
      'secret',
      'clientSecret',
      'aws.secrets.main',
      'secretKey',
      'SECRETKEY',
      'token',
      'access_token',
      'authToken',
      'TOKEN',
      'githubToken.value',
    ],
    ...[
      'accessTokens',
      'refreshTokens',
      'apiKey',
      'API_KEY',
      'apikey',
      'OPENAI_API_KEY',
      'openaiAPIKey',
      'x-api-key',
      'apiKeys.0',
      'privateKey',
    ],
    ...[
      'aws.accessKeyId',
      'storageAccountKey',
      'SharedAccessKey',
      'encryptionKey',
      'signing_key',
      'sshKey',
      'connectionString',
      'ConnectionStrings',
    ],
    ...[
      'sentryDsn',
      'jwt',
      'bearer',
      'credential',
      'googleCredentials',
      'passphrase',
      'passcode',
      'db.token.length.secret',
      'PASS_WORD',
      'db.a-p-i-key',
    ],
    ...[
      'pass',
      'dbPass',
      'SMTP_PASS',
      'DB_PW',
      'pw',
      'authorization',
      'headers.Authorization',
      'cookie',
      'webhookUrl',
      'alerts.webhook-uri',
      'slackWebhook',
      'salt',
      'PASSWORD_SALT',
      'otp',
      'pin',
      'pinCode',
      'sas',
      'SAS_URL',
      'sessionId',
      'webhookHmac',
      'basicAuth',
      'licenseKey',
      'LICENCE_KEY',
      'pins.pin.0',
    ],
    ...['password2', 'apiKey1', 'DB_PASSWORD_2', 'token10.value', 'dbPass2', 'webhookUrl2', 'oauth2Secret'],
  ])('recognises %s as the name of a secret', (name) => {
    expect(isSecretName(name)).toBe(true);
  });

  it.each([
    ...[
      'tokenizer',
      'maxTokens',
      'max_tokens',
      'tokens',
      'tokensPerMinute',
      'tokenLimit',
      'token_count',
      'tokenBudget',
      'tokenTtlMs',
      'TOKEN_WINDOW',
    ],
    ...['tokenUrl', 'tokenEndpoint', 'tokenType', 'passwordless', 'password.minLength', 'passwordPolicy'],
    ...[
      'secretary',
      'keyboard',
      'monkey',
      'publicKey',
      'primaryKey',
      'sortKey',
      'partition_key',
      'keys',
      'host',
      'compass',
      'bypass',
      'passenger',
      'pass.rate',
      'passThrough',
      'passes',
    ],
    ...[
      'session.cookie.maxAge',
      'cookieName',
      'cookies',
      'saltRounds',
      'salty',
      'otpLength',
      'pinned',
      'pinBoard.host',
      'ping',
      'spin',
      'authorizationUrl',
      'authorization.mode',
      'webhook.port',
      'webhooks',
      'sasl.mechanism',
      'sessionIdLength',
      'session.ttl',
      'hmacAlgorithm',
      'basicAuth.enabled',
      'license',
      'licenseFile',
      'pwm',
    ],
    ...['credentialed', 'dsnormal', '', '...', 'tokenise', 'authorName'],
    ...['token2Url', 'password1Policy', 'maxTokens2', 'publicKey2', 'oauth2', 'sha256', 'auth0.domain', 's3'],
  ])('does not take %j for the name of a secret', (name) => {
    expect(isSecretName(name)).toBe(false);
  });

  it('adds the words and patterns of sensitive to the built-in names', () => {
    expect(isSecretName('app.vendorCode', ['vendor code'])).toBe(true);
    expect(isSecretName('VENDOR_CODE', ['vendorCode'])).toBe(true);
    expect(isSecretName('app.vendorCodes', ['vendorCode'])).toBe(false);
    expect(isSecretName('app.vendorCode2', ['vendorCode'])).toBe(true);
    expect(isSecretName('app.vendorCode2', ['vendorCode3'])).toBe(false);
    expect(isSecretName('internal.x', [/^internal\./g])).toBe(true);
    expect(isSecretName('internal.x', [/^INTERNAL/iy])).toBe(true);
    expect(isSecretName('external.x', [/^internal\./])).toBe(false);
    expect(isSecretName('password', ['vendor'])).toBe(true);
  });

  it('matches a pattern with the flag g each time', () => {
    const mark = /pin/g;
    expect([1, 2, 3].map(() => isSecretName('pin', [mark]))).toEqual([true, true, true]);
  });

  it('splits a name into words at capitals, spaces and signs', () => {
    expect(words('HTTPServer.poolMax2Size_a-b')).toBe('http server pool max2 size a b');
    expect(words('straßenName')).toBe('straßen name');
  });
});

describe('looksSecret', () => {
  const urls = [
    `postgres://app:${fake}@db/x`,
    `https://${fake}@github.com/a/b`,
    `redis://:${fake}@cache:6379`,
    `amqp://u:p/${fake}@mq:5672/v`,
    `postgres://u:p#${fake}?x@db/x`,
    `mysql://u:p@${fake}@db/x`,
    `see http://h:80/x and http://u:${fake}@h`,
    `mongodb+srv://u:${fake}@a,b/x?y=z`,
    `u:${fake}@tcp(localhost:3306)/db`,
    `postgres://u:with spaces\n${fake}@db/x`,
    `postgres://:${fake} 5432@db/x`,
  ];
  it.each([
    ...urls,
    `-----BEGIN PRIVATE KEY-----\n${fake}\n-----END PRIVATE KEY-----`,
    `x -----BEGIN OPENSSH PRIVATE KEY-----\\n${fake}`,
    '-----BEGIN PGP PRIVATE KEY BLOCK-----',
    '-----BEGIN CERTIFICATE-----',
    jwt,
    `Bearer ${jwt}`,
    `Authorization:${jwt}`,
    `("${jwt}")`,
    'eyJlbmMiOiJmYWtlIn0..aXY.Y2lwaGVy.dGFn',
    `Bearer ${fake}`,
    `Authorization: Basic dXNlcjpmYWtlLTg=`,
    `authorization=Basic%20dXNlcjpmYWtlLTg=,x-team=a`,
    `{"Authorization":"Bearer ${fake}"}`,
    `Server=db;Database=x;User Id=u;Password=${fake};`,
    `Endpoint=sb://x/;SharedAccessKeyName=y;SharedAccessKey=${fake}`,
    `DefaultEndpointsProtocol=https;AccountName=x;AccountKey=${fake}`,
    `host=db user=u password=${fake} dbname=x`,
    `jdbc:postgresql://db/x?user=u&password=${fake}`,
    `{"host":"h","apiKey":"${fake}"}`,
    `{ "db": { "password" : "${fake}" } }`,
    `{\\"password\\":\\"${fake}\\"}`,
    `host: db\npassword: ${fake}\n`,
    `serve --db-password ${fake} --port 80`,
    `serve --token=${fake}`,
    `API key: ${fake}`,
    `https://s3/x?X-Amz-Signature=${fake}`,
    `https://blob/x?sv=1&sig=${fake}`,
    `BlobEndpoint=https://x;SharedAccessSignature=sv=1&sig=${fake}`,
    'Bearer fakefakefakefakefake',
    'authorization: bearer fakefakefakefakefake',
    ...[
      'sk-proj-fakefakefake',
      'sk-ant-api03-fake_fake-fake',
      'sk-fakefakefakefakefakefake0',
      'key "sk-proj-fakefakefake" is used',
      'sk_live_fakefakefake',
      'rk_test_fakefakefake',
      'ghp_fakefakefakefakefakefakefakefakefake',
      'ghs_fakefakefakefakefakefakefakefakefake',
      'github_pat_fakefakefakefake_fakefakefakefake',
      'glpat-fakefakefakefakefake',
      'AKIAFAKEFAKEFAKEFAKE',
      'ASIAFAKEFAKEFAKEFAKE',
      `xox${'b'}-0000000000-fakefakefake`,
      `xox${'p'}-0000000000-fakefakefake`,
      `AIza${'Fake'.repeat(8)}Fak`,
      'hf_fakefakefakefakefakefakefakefake',
      `https://hooks.slack.com/services/${'T0FAKE'}/B0FAKE/fakefakefake`,
      'https://discord.com/api/webhooks/123456/fakefakefake',
      'https://discordapp.com/api/v10/webhooks/123456/fake',
    ],
  ])('recognises %j as a secret', (value) => {
    expect(looksSecret(value)).toBe(true);
    expect(show(value, false)).toBe(MASK);
  });

  it('recognises secrets inside lists and objects', () => {
    expect(looksSecret(['a', { b: [urls[0] as string] }])).toBe(true);
    expect(looksSecret({ a: { apiKey: 1 } })).toBe(true);
    expect(looksSecret([{ password: '' }])).toBe(true);
  });

  it.each([
    ...[
      '',
      'x',
      'db.internal:5432',
      'host: port',
      'localhost:3000',
      'http://localhost:3000/@vite/client',
      'https://medium.com/@user/article',
    ],
    ...[
      'https://host/path?email=a@b.c',
      'https://host/#a@b',
      'mail a@b.c',
      'me@example.com',
      'git@github.com:a/b.git',
      'a://b://c',
      'see x:// and @y',
    ],
    ...[
      'maxTokens: 5',
      'tokens=7',
      'the tokenizer: fast',
      'token count: 5',
      'password=',
      'password=;user=x',
      'time: 12:30',
      'a=b;c=d',
      'key=value',
    ],
    ...[
      'eyJ',
      'eyJhbGciOi.x',
      'theyJhbGciOiJmYWtlIn0.eyJzdWIiOiJmYWtlIn0.x',
      '-----BEGIN',
      '---',
      'https://host/?a=1&design=2',
      '2024-01-01T00:00:00Z',
    ],
    ...[
      '{"host":"h","port":5432}',
      'SELECT a FROM b WHERE c = 1',
      'arn:aws:s3:::bucket/key',
      '--max-tokens 100 --host h',
      'no secrets here',
      'Basic Authentication, or a bearer token of 32 letters',
      'token endpoint 2',
      'http://h:80/ is where you find me@example.com',
      'http://h:80 is where you find me@example.com',
    ],
    ...[
      'sk-SK',
      'sk-learn',
      'risk-proj-assessment-2024',
      'ask-proj-fakefakefake',
      'task_live_fakefakefake',
      'ghp_short',
      'AKIA',
      'XAKIAFAKEFAKEFAKEFAKE',
      'xoxo-hugs-and-kisses',
      'hf_space',
      'https://hooks.example.com/services/T0',
      'https://slack.com/services',
      'Bearer authentication',
    ],
  ])('does not take %j for a secret', (value) => {
    expect(looksSecret(value)).toBe(false);
  });

  it('does not take numbers, booleans and empty values for secrets', () => {
    for (const value of [null, true, 0, 12n, [], {}, [1, [2]], { a: { b: 'c' } }])
      expect(looksSecret(value)).toBe(false);
  });
});

describe('maskUrls', () => {
  it('masks the password or token of a URL and keeps the rest', () => {
    expect(maskUrls(`postgres://app:${fake}@db:5432/x?y=1`)).toBe(`postgres://app:${MASK}@db:5432/x?y=1`);
    expect(maskUrls(`https://${fake}@github.com/a`)).toBe(`https://${MASK}@github.com/a`);
    expect(maskUrls(`redis://:${fake}@cache`)).toBe(`redis://:${MASK}@cache`);
    expect(maskUrls(`redis://:12/34@cache`)).toBe(`redis://:${MASK}@cache`);
    expect(maskUrls(`from "http://a:${fake}@b" to http://c:${fake}@d.`)).toBe(
      `from "http://a:${MASK}@b" to http://c:${MASK}@d.`,
    );
    expect(maskUrls(`a://u:x@y@h/p`)).toBe(`a://u:${MASK}@h/p`);
    expect(maskUrls(`http://a:${fake}@h1,http://b:${fake}@h2/`)).not.toContain(fake);
    expect(maskUrls(`pg://u:a/${fake}?b#c@h/x`)).toBe(`pg://u:${MASK}@h/x`);
  });

  it('returns a text without userinfo unchanged', () => {
    for (const text of ['http://h:80/@x', 'http://h/a?b=c@d', 'a@b', 'x:// @', 'http://@h', 'file:///a@b'])
      expect(maskUrls(text)).toBe(text);
  });

  it('masks a password of any characters', () => {
    const sign = fc.constantFrom(...'abcXYZ019:/?#@%&=+;,.!$-_~[]{}|^*()\\\'"`<>');
    const password = fc.array(sign, { minLength: 1, maxLength: 20 }).map((all) => `Q${all.join('')}Q`);
    fc.assert(
      fc.property(password, fc.constantFrom('', 'user', 'u.s-e_r'), (secret, user) => {
        const url = `db://${user}:${secret}@host:5432/name`;
        expect(looksSecret(url)).toBe(true);
        expect(maskUrls(`in ${url}, there`)).toBe(`in db://${user}:${MASK}@host:5432/name, there`);
      }),
    );
  });
});

describe('show', () => {
  it('masks a secret by the same text whatever its length', () => {
    for (const value of ['a', fake, fake.repeat(99), 1, null, { a: 1 }]) expect(show(value, true)).toBe(MASK);
  });

  it('shortens long values, and prints bigints, NaN and infinities', () => {
    expect(show('x'.repeat(100), false)).toBe(`"${'x'.repeat(78)}…`);
    expect(show('abcdef', false, 5)).toBe('"abc…');
    expect(show(undefined, false)).toBe('nothing');
    expect(show({ a: [1, 'b', null, 5n, Number.POSITIVE_INFINITY] }, false)).toBe(
      '{"a":[1,"b",null,"5","Infinity"]}',
    );
    expect([show(5n, false), show(Number.NaN, false), show(-1.5, false), show(true, false)]).toEqual([
      '5',
      'NaN',
      '-1.5',
      'true',
    ]);
  });

  it('masks the password of a URL in a name', () => {
    expect(show({ [`http://u:${fake}@h`]: 1 }, false)).not.toContain(fake);
  });
});

describe('taint', () => {
  it('marks by name and by shape, and caches only the names', () => {
    const tainted = taint(['pin']);
    expect(tainted('db.password', 'x')).toBe(true);
    expect(tainted('pin', 'x')).toBe(true);
    expect(tainted('db.url', 'http://h')).toBe(false);
    expect(tainted('db.url', `http://u:${fake}@h`)).toBe(true);
    expect(tainted('db.url', 'http://h')).toBe(false);
  });
});

describe('redaction of a megabyte', () => {
  const size = 2 ** 20;
  const of = (text: string): string => text.repeat(size / text.length);
  const nasty = [
    ...[
      'a',
      'A',
      'a-',
      '-',
      '=',
      ' ',
      '@',
      'a b ',
      '"a',
      'a=',
      '://',
      'x://a:b',
      'a://b@',
      '"a://',
      '"a://b@"',
      '(a://(',
    ],
    ...['bearer ', 'Basic a=', 'basic%20a', '=basic%20', 'http://a:', 'a://a:b ', '://a:1/'],
    ...[
      'eyJ',
      '=eyJaaaaaaaaa',
      '-----BEGIN A',
      '--a ',
      '--password ',
      'password',
      '?sig=',
      '{"token":',
      'key-',
    ],
  ];
  it.each(nasty)('takes linear time for repetitions of %j', (text) => {
    const started = performance.now();
    for (const tail of [' @', '@h =x!']) {
      const value = of(text) + tail;
      looksSecret(value);
      maskUrls(value);
    }
    isSecretName(of(text).slice(0, 4096));
    expect(performance.now() - started).toBeLessThan(20_000); // quadratic time would be hours
  });
});
