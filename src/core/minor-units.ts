const twoDigitCurrencies = new Set(
  (
    'AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP ' +
    'CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR ' +
    'JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN ' +
    'NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP ' +
    'SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD YER ZAR ZMW ZWG'
  ).split(' '),
)
const wholeCurrencies = new Set('BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'.split(' '))
const threeDigitCurrencies = new Set('BHD IQD JOD KWD LYD OMR TND'.split(' '))

/** How many decimal digits the minor unit of an ISO 4217 currency has; `undefined` for a code that is not one. */
export function minorUnitDigits(currency: string): 0 | 2 | 3 | undefined {
  const code = currency.toUpperCase()
  if (twoDigitCurrencies.has(code)) return 2
  if (wholeCurrencies.has(code)) return 0
  return threeDigitCurrencies.has(code) ? 3 : undefined
}
