/** The page of the dashboard: starts what runs beside the views, and draws the frame. */
import './styles/index.css';
import { render } from 'preact';
import { App } from './app.tsx';
import { startColours } from './charts/colours.ts';
import { startKeys } from './keys.ts';
import { startSession } from './live/session.ts';
import { startStream } from './live/stream.ts';
import { startNavigation } from './navigation.ts';
import { startClock } from './now.ts';
import { startPreferences } from './preferences.ts';

startPreferences();
startColours();
startNavigation();
startKeys();
startClock();
startStream();
startSession();

const place = document.getElementById('page');
if (place === null) throw new Error('cannot draw the page: index.html has no element with the id page');
render(<App />, place);
