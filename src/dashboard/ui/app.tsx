/** The frame: bar, banner, the view that the address names, and the dialogs above it. */
import { useEffect, useRef } from 'preact/hooks';
import { said } from './actions/confirm.ts';
import { session } from './live/ask.ts';
import { unknown } from './live/session.ts';
import { route } from './navigation.ts';
import { Banner } from './parts/banner.tsx';
import { Bar } from './parts/bar.tsx';
import { ConfirmDialog } from './parts/confirm.tsx';
import { HelpDialog } from './parts/help.tsx';
import { Empty, Failed, Loading } from './parts/notice.tsx';
import { pathOf, type Route } from './route.ts';
import { DatasetPage } from './views/dataset.tsx';
import { DatasetsPage } from './views/datasets.tsx';
import { EnsemblePage } from './views/ensemble.tsx';
import { ExpertPage } from './views/expert.tsx';
import { ExpertsPage } from './views/experts.tsx';
import { HistoryPage } from './views/history.tsx';
import { IslandPage } from './views/island.tsx';
import { IslandsPage } from './views/islands.tsx';
import { LineagePage } from './views/lineage.tsx';
import { PastPage } from './views/past.tsx';
import { RunPage } from './views/run.tsx';
import { RunsPage } from './views/runs.tsx';
import { SignInPage } from './views/signin.tsx';

export function App() {
  const main = useRef<HTMLElement>(null);
  const path = pathOf(route.value);
  const first = useRef(true);
  // Who hears the page is told of a new view by the focus going to it; who opened the page is left where the browser begins.
  useEffect(() => {
    if (first.current) first.current = false;
    else main.current?.focus({ preventScroll: true });
    document.title = titleOf(route.value);
  }, [path]);
  const { value: user } = session;
  return (
    <>
      <button type="button" class="button skip" onClick={() => main.current?.focus()}>
        Skip to content
      </button>
      <Bar />
      {user && <Banner />}
      <main class="page" ref={main} tabIndex={-1}>
        {user === undefined ? <Waiting /> : user === null ? <SignInPage /> : <View key={path} route={route.value} />}
      </main>
      <ConfirmDialog />
      <HelpDialog />
      <div aria-live="polite">{said.value !== undefined && <p class="toast">{said.value}</p>}</div>
    </>
  );
}

function Waiting() {
  return unknown.value === undefined ? <Loading what="who you are" /> : <Failed what="reach the server" why={unknown.value} />;
}

function View({ route: at }: { route: Route }) {
  switch (at.view) {
    case 'runs':
    case 'signin':
      return <RunsPage />;
    case 'history':
      return <HistoryPage />;
    case 'past':
      return <PastPage namespace={at.namespace} name={at.name} />;
    case 'experts':
      return <ExpertsPage />;
    case 'run':
      return <RunPage namespace={at.namespace} name={at.name} />;
    case 'expert':
      return <ExpertPage namespace={at.namespace} name={at.name} index={at.index} />;
    case 'lineage':
      return <LineagePage namespace={at.namespace} name={at.name} />;
    case 'ensemble':
      return <EnsemblePage namespace={at.namespace} name={at.name} />;
    case 'islands':
      return <IslandsPage />;
    case 'island':
      return <IslandPage name={at.name} />;
    case 'datasets':
      return <DatasetsPage />;
    case 'dataset':
      return <DatasetPage namespace={at.namespace} name={at.name} />;
    case 'unknown':
      return (
        <Empty page title="There is no such page">
          <p>
            The address <code>{at.path}</code> names no view. <a href="runs">All runs</a>
          </p>
        </Empty>
      );
  }
}

function titleOf(at: Route): string {
  const what =
    'namespace' in at
      ? `${at.namespace}/${at.name}${at.view === 'expert' ? ` expert ${at.index}` : ''}`
      : 'name' in at
        ? at.name
        : at.view;
  return `${what} - Atoll`;
}
