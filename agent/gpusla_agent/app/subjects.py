"""All that is configured, as the journal and the page name it: fleet files, settings, web."""

from dataclasses import replace

from gpusla_agent.assignments import Configuration, ConfigurationSource
from gpusla_agent.server import WatchedWeb
from gpusla_agent.settings import WatchedSettings


class AllSubjects:
    """
    The configuration of a node, with the settings and the web configuration as further subjects.

    So a version of any of them that takes force is journalled, and one that is refused is seen on
    the page.  Satisfies ConfigurationSource.
    """

    def __init__(
        self, fleet: ConfigurationSource, settings: WatchedSettings, web: WatchedWeb
    ) -> None:
        self._fleet = fleet
        self._settings = settings
        self._web = web
        self._of: tuple[object, ...] = ()
        self._configuration = self.current()

    def current(self) -> Configuration:
        """Return what is in force now; the same object while nothing changed."""
        fleet, settings, web = self._fleet.current(), self._settings, self._web
        key = (fleet, settings.digest, settings.is_valid, web.digest, web.is_valid)
        if not self._of or fleet is not self._of[0] or key[1:] != self._of[1:]:
            self._of = key
            digests = {"settings": settings.digest, "web": web.digest}
            validity = {"settings": settings.is_valid, "web": web.is_valid}
            if not web.digest:
                del digests["web"], validity["web"]
            self._configuration = replace(
                fleet,
                digests={**fleet.digests, **digests},
                validity={**fleet.validity, **validity},
            )
        return self._configuration
