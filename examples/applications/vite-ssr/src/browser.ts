// #region browser
import type { PublicPart } from '../config'; // the type only: the library stays on the server
import { render } from './render';

const settings = JSON.parse(document.querySelector('#config')?.textContent ?? '') as PublicPart;
(document.querySelector('#app') as Element).innerHTML = render(settings);
// #endregion
