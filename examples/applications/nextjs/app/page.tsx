import { connection } from 'next/server';
import { appConfig } from '../app-config';
import { publicPart } from '../public-part';
import { Model } from './model';

// #region page
export default async function Page() {
  await connection(); // at the request, and not at the build
  const config = await appConfig();
  return (
    <main>
      <h1>{config.value.site.title}</h1>
      <Model settings={publicPart(config)} />
    </main>
  );
}
// #endregion
