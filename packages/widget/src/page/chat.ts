import { completeOptions } from '../embed/options.ts';
import { openPage } from './open.ts';

/** The page `/chat`: the same chat as the widget's, in the whole window. */
const { app = '', name = '' } = document.documentElement.dataset;
const server = new URL('.', location.href).href;

void openPage({ options: completeOptions({ app, launcher: false, open: true }, server), appName: name });
