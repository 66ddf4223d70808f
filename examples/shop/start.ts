/** Starts the whole shop on loopback, with servers of its own: `npm run shop`. */
import { startShop } from './run/shop'

const shop = await startShop()
console.log(`shop       ${shop.url}        orders and webhooks, through the proxy
operator   ${shop.operatorUrl}        any name, password ${shop.secrets.OPERATOR_PASSWORD}
providers  ${shop.providers.url}        stand-ins for all five
logs       ${shop.folder}

  curl -d '{"provider":"caspay","amount":"150.5","currency":"CSPR"}' -H content-type:application/json ${shop.url}/orders
  curl -X POST ${shop.providers.url}/pay/<the order's id>
  curl ${shop.url}/orders/<the order's id>

Ctrl-C ends all of it.`)

// SIGHUP: its terminal was closed, and the servers would run on.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => void shop.end().finally(() => process.exit(0)))
