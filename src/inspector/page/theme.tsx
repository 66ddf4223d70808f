import { useEffect, useState } from 'preact/hooks'

const themes = ['system', 'light', 'dark'] as const
type Theme = (typeof themes)[number]
const place = 'payproof-theme'

/** Light, dark, or as the system has it. */
export function ThemeSwitch() {
  const [theme, setTheme] = useState<Theme>(remembered)
  useEffect(() => {
    if (theme === 'system') document.documentElement.removeAttribute('data-theme')
    else document.documentElement.setAttribute('data-theme', theme)
    localStorage.setItem(place, theme)
  }, [theme])
  return (
    <label class="theme">
      <span class="unsighted">Colours</span>
      <select value={theme} onChange={({ currentTarget }) => setTheme(asTheme(currentTarget.value))}>
        {themes.map((each) => (
          <option key={each} value={each}>
            {each === 'system' ? 'System' : each === 'light' ? 'Light' : 'Dark'}
          </option>
        ))}
      </select>
    </label>
  )
}

const remembered = (): Theme => asTheme(localStorage.getItem(place))
const asTheme = (text: string | null): Theme => themes.find((theme) => theme === text) ?? 'system'
