// An informer of the Services of one namespace, by @kubernetes/client-node: says what it learns, one
// JSON document a line. Ends with its input.
//
//   node node_informer.mjs NODE_MODULES KUBECONFIG NAMESPACE

import { pathToFileURL } from 'node:url';

const [modules, kubeconfig, namespace] = process.argv.slice(2);
const client = await import(
  pathToFileURL(`${modules}/@kubernetes/client-node/dist/index.js`).href);

const config = new client.KubeConfig();
config.loadFromFile(kubeconfig);
const api = config.makeApiClient(client.CustomObjectsApi);
const kind = { group: 'clickdeploy.io', version: 'v1alpha1', namespace, plural: 'services' };
const informer = client.makeInformer(
  config, `/apis/clickdeploy.io/v1alpha1/namespaces/${namespace}/services`,
  () => api.listNamespacedCustomObject(kind));

const say = (event, object) => console.log(JSON.stringify(
  { event, name: object?.metadata?.name, replicas: object?.spec?.replicas }));
for (const event of ['add', 'update', 'delete', 'connect']) {
  informer.on(event, (object) => say(event, object));
}
informer.on('error', (error) => {
  console.error(`error: ${error?.message ?? error}`);
  setTimeout(() => informer.start(), 100);  // what its manual says to do
});

process.stdin.on('end', () => process.exit(0));
process.stdin.resume();
informer.start();
