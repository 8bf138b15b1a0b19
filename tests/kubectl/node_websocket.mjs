// A watch over a WebSocket, as dashboards in a browser have it, by the client that npm's Kubernetes
// client brings along: says each message, one a line, and the code of the close.
//
//   node node_websocket.mjs NODE_MODULES URL

import { pathToFileURL } from 'node:url';

const [modules, url] = process.argv.slice(2);
const { default: WebSocket } = await import(pathToFileURL(`${modules}/ws/wrapper.mjs`).href);

const socket = new WebSocket(url, ['base64.binary.k8s.io']);
socket.on('open', () => socket.ping());
socket.on('pong', () => console.log(JSON.stringify({ pong: true })));
socket.on('message', (data) => console.log(data.toString().trim()));
socket.on('error', (error) => console.log(JSON.stringify({ error: error.message })));
socket.on('close', (code) => {
  console.log(JSON.stringify({ close: code }));
  process.exit(0);
});
process.stdin.on('end', () => socket.close(1000));
process.stdin.resume();
