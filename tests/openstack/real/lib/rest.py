"""A small client of the services: JSON in and out, a new token when the old one has ended."""

import requests


class Refused(Exception):
    def __init__(self, response):
        super().__init__(f'{response.request.method} {response.url}: '
                         f'{response.status_code} {response.text[:500]}')
        self.status = response.status_code


class Rest:
    def __init__(self, keystone, user, password, project):
        self._http = requests.Session()
        self._http.trust_env = False
        self._tokens = f'{keystone}/v3/auth/tokens'
        default = {'id': 'default'}
        identity = {'methods': ['password'],
                    'password': {'user': {'name': user, 'domain': default, 'password': password}}}
        self._auth = {'auth': {'identity': identity,
                               'scope': {'project': {'name': project, 'domain': default}}}}
        token = self._sign_in()
        self.user_id = token['user']['id']
        self.project_id = token['project']['id']

    def _sign_in(self):
        response = requests.post(self._tokens, json=self._auth, timeout=120,
                                 proxies={'http': None})
        if response.status_code != 201:
            raise Refused(response)
        self._http.headers['X-Auth-Token'] = response.headers['X-Subject-Token']
        return response.json()['token']

    def send(self, method, url, body=None, data=None, accept=(), headers=None):
        """`accept`: statuses from 400 on that are no error here."""
        def ask():
            return self._http.request(method, url, json=body, data=data, headers=headers,
                                      timeout=120)
        response = ask()
        if response.status_code == 401:
            self._sign_in()
            response = ask()
        if response.status_code >= 400 and response.status_code not in accept:
            raise Refused(response)
        return response

    def get(self, url, **more):
        return self.send('GET', url, **more).json()

    def named(self, collection, kind, name, **create):
        """The object with that name, made if there is none."""
        for item in self.get(f'{collection}?name={name}')[f'{kind}s']:
            if item['name'] == name:
                return item
        return self.send('POST', collection, {kind: {'name': name, **create}}).json()[kind]
