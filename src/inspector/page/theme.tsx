import { useState } from 'preact/hooks'

const themes = ['system', 'light', 'dark'] as const
type Theme = (typeof themes)[number]
const place = 'payproof-theme'

/** Light, dark, or as the system has it. */
export function ThemeSwitch() {
  const [theme, setTheme] = useState<Theme>(remembered)
  const choose = (chosen: Theme) => {
    localStorage.setItem(place, chosen)
    applyTheme()
    setTheme(chosen)
  }
  return (
    <label class="theme">
      <span class="unsighted">Colours</span>
      <select value={theme} onChange={({ currentTarget }) => choose(asTheme(currentTarget.value))}>
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

/** To be called before anything is shown, or it would flash. */
export function applyTheme(): void {
  const theme = remembered()
  if (theme === 'system') document.documentElement.removeAttribute('data-theme')
  else document.documentElement.setAttribute('data-theme', theme)
}
