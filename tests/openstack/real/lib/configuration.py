"""The services' configuration files, as sections of values."""

import configparser

from settings import PASSWORD, REGION, write_whole

DEBIAN = '/usr/share'


class Files:
    def __init__(self, settings):
        self._settings = settings
        self._knobs = settings.knobs

    def write_all(self):
        (self._settings.etc / 'empty').mkdir(exist_ok=True)
        self._write('keystone/keystone.conf', self._keystone())
        self._write('placement/placement.conf', self._placement())
        self._write('glance.conf', self._glance())
        self._write('nova.conf', self._nova())
        # nova-compute does not get these: it must not reach for the database.
        self._write('nova-db.conf', {'database': self._database('nova'),
                                     'api_database': self._database('nova_api')})
        for n in range(1, self._knobs.computes + 1):
            self._write(f'compute{n}.conf', {'DEFAULT': {'host': f'compute{n}'}})
        self._write('neutron.conf', self._neutron())
        self._write('cinder.conf', self._cinder())
        write_whole(self._settings.etc / 'rabbitmq.conf', self._rabbitmq())
        write_whole(self._settings.etc / 'rabbitmq-plugins', '[].\n')

    def _write(self, name, sections):
        path = self._settings.etc / name
        path.parent.mkdir(exist_ok=True)
        parser = configparser.RawConfigParser()
        parser.optionxform = str
        parser.read_dict(sections)
        with open(f'{path}.new', 'w') as file:
            parser.write(file)
        write_whole(path, open(f'{path}.new').read())

    def _folder(self, *parts):
        path = self._settings.data.joinpath(*parts)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def _account(self, user):
        """How one service signs in to call another."""
        return {'auth_type': 'password', 'auth_url': self._settings.url('keystone') + '/v3',
                'username': user, 'password': PASSWORD, 'project_name': 'service',
                'user_domain_id': 'default', 'project_domain_id': 'default',
                'region_name': REGION, 'valid_interfaces': 'public'}

    def _checks_tokens(self, user):
        memcached = f"{self._knobs.address}:{self._settings.port('memcached')}"
        return {**self._account(user), 'memcached_servers': memcached, 'token_cache_time': 60,
                'www_authenticate_uri': self._settings.url('keystone') + '/v3',
                'interface': 'public', 'service_token_roles': 'service',
                'service_token_roles_required': 'true'}

    def _database(self, name):
        where = f"{self._knobs.address}:{self._settings.port('mariadb')}"
        return {'connection': f'mysql+pymysql://openstack:{PASSWORD}@{where}/{name}?charset=utf8',
                'max_pool_size': 20, 'max_overflow': 30}

    def _daemon(self, name, **more):
        where = f"{self._knobs.address}:{self._settings.port('rabbitmq')}"
        return {'use_stderr': 'true', 'log_color': 'false', 'my_ip': self._knobs.address,
                'transport_url': f'rabbit://openstack:{PASSWORD}@{where}/',
                'state_path': self._folder(name), 'rpc_response_timeout': 60, **more}

    def _locks(self, name):
        return {'lock_path': self._folder(name, 'locks')}

    def _keystone(self):
        memcached = f"{self._knobs.address}:{self._settings.port('memcached')}"
        keys = self._settings.data / 'keystone'
        return {
            'DEFAULT': {'use_stderr': 'true', 'log_color': 'false',
                        'public_endpoint': self._settings.url('keystone') + '/'},
            'database': self._database('keystone'),
            'token': {'provider': 'fernet', 'expiration': self._knobs.token_seconds},
            # Services sign in to each other all the time; real strength would cost seconds.
            'identity': {'password_hash_rounds': 4},
            'fernet_tokens': {'key_repository': keys / 'fernet'},
            'credential': {'key_repository': keys / 'credential'},
            'cache': {'enabled': 'true', 'backend': 'oslo_cache.memcache_pool',
                      'memcache_servers': memcached},
            # As clouds of this release come: roles mean something everywhere, not by scope.
            'oslo_policy': {'enforce_scope': 'false', 'enforce_new_defaults': 'false'}}

    def _placement(self):
        return {'DEFAULT': {'use_stderr': 'true', 'log_color': 'false'},
                'api': {'auth_strategy': 'keystone'},
                'placement_database': self._database('placement'),
                'keystone_authtoken': self._checks_tokens('placement')}

    def _glance(self):
        store = 'filesystem_store_datadir'
        return {'DEFAULT': self._daemon('glance', bind_host=self._knobs.address,
                                        bind_port=self._settings.port('glance'), workers=1,
                                        enabled_backends='files:file'),
                'glance_store': {'default_backend': 'files'},
                'files': {store: self._folder('glance', 'images')},
                'os_glance_staging_store': {store: self._folder('glance', 'staging')},
                'os_glance_tasks_store': {store: self._folder('glance', 'tasks')},
                'paste_deploy': {'flavor': 'keystone', 'config_file':
                                 f'{DEBIAN}/glance-common/glance-api-paste.ini'},
                'database': self._database('glance'),
                'keystone_authtoken': self._checks_tokens('glance'),
                'oslo_concurrency': self._locks('glance')}

    def _nova(self):
        unlimited = ('cores', 'ram', 'key_pairs', 'server_groups', 'server_group_members')
        sections = {
            'DEFAULT': self._daemon(
                'nova', enabled_apis='osapi_compute', osapi_compute_listen=self._knobs.address,
                osapi_compute_listen_port=self._settings.port('nova'), osapi_compute_workers=2,
                compute_driver='fake.GuestDriver', reserved_host_memory_mb=0,
                cpu_allocation_ratio=1.0, ram_allocation_ratio=1.0, disk_allocation_ratio=1.0,
                allow_resize_to_same_host='true', max_concurrent_builds=0, report_interval=10,
                service_down_time=40, vif_plugging_is_fatal='false', vif_plugging_timeout=0),
            'wsgi': {'api_paste_config': f'{DEBIAN}/nova-common/api-paste.ini'},
            'api': {'max_limit': 1000, 'local_metadata_per_cell': 'false'},
            'conductor': {'workers': 1},
            'scheduler': {'workers': 1, 'discover_hosts_in_cells_interval': 15},
            'filter_scheduler': {'track_instance_changes': 'false'},
            'quota': {'instances': self._knobs.quota_instances,
                      **{name: -1 for name in unlimited}},
            'vnc': {'enabled': 'false'},
            'key_manager': {'backend': 'nova.keymgr.conf_key_mgr.ConfKeyManager',
                            'fixed_key': '0' * 64},
            'oslo_concurrency': self._locks('nova'),
            'glance': {'service_type': 'image', 'region_name': REGION,
                       'valid_interfaces': 'public'},
            'keystone_authtoken': self._checks_tokens('nova'),
            'placement': self._account('placement'),
            'neutron': self._account('neutron'),
            'service_user': {**self._account('nova'), 'send_service_user_token': 'true'}}
        if self._knobs.cinder:
            sections['cinder'] = {**self._account('cinder'), 'os_region_name': REGION,
                                  'catalog_info': 'volumev3::publicURL'}
        return sections

    def _neutron(self):
        kinds = ('network', 'subnet', 'port', 'router', 'floatingip', 'security_group',
                 'security_group_rule')
        return {
            'DEFAULT': self._daemon(
                'neutron', bind_host=self._knobs.address, auth_strategy='keystone',
                bind_port=self._settings.port('neutron'), core_plugin='ml2',
                service_plugins='router', api_workers=2, rpc_workers=0,
                rpc_state_report_workers=0, pagination_max_limit=-1,
                api_paste_config=f'{DEBIAN}/neutron-common/api-paste.ini',
                dhcp_agent_notification='false', allow_automatic_dhcp_failover='false',
                notify_nova_on_port_status_changes='false',
                notify_nova_on_port_data_changes='false'),
            'ml2': {'type_drivers': 'local,flat', 'tenant_network_types': 'local',
                    'mechanism_drivers': 'loopback', 'extension_drivers': 'port_security'},
            'ml2_type_flat': {'flat_networks': 'public'},
            'quotas': {f'quota_{kind}': -1 for kind in kinds},
            'database': self._database('neutron'),
            'keystone_authtoken': self._checks_tokens('neutron'),
            'nova': self._account('nova'),
            'placement': self._account('placement'),
            'oslo_concurrency': self._locks('neutron')}

    def _cinder(self):
        return {
            'DEFAULT': self._daemon(
                'cinder', auth_strategy='keystone', host='cinder1', enabled_backends='rows',
                osapi_volume_listen=self._knobs.address, osapi_volume_workers=1,
                osapi_volume_listen_port=self._settings.port('cinder'),
                api_paste_config=f'{DEBIAN}/cinder-common/api-paste.ini',
                default_volume_type='__DEFAULT__', quota_volumes=-1, quota_gigabytes=-1,
                quota_snapshots=-1, glance_api_servers=self._settings.url('glance'),
                rootwrap_config='/etc/cinder/rootwrap.conf'),
            'rows': {'volume_driver': 'loopback_volumes.RowsDriver',
                     'volume_backend_name': 'rows'},
            'database': self._database('cinder'),
            'keystone_authtoken': self._checks_tokens('cinder'),
            'nova': self._account('nova'),
            'service_user': {**self._account('cinder'), 'send_service_user_token': 'true'},
            'oslo_concurrency': self._locks('cinder')}

    def _rabbitmq(self):
        lines = {'listeners.tcp.default':
                 f"{self._knobs.address}:{self._settings.port('rabbitmq')}",
                 'default_user': 'openstack', 'default_pass': PASSWORD, 'loopback_users': 'none',
                 'vm_memory_high_watermark.absolute': '1GB', 'disk_free_limit.absolute': '200MB',
                 'log.console': 'true', 'log.console.level': 'warning', 'log.file': 'false'}
        return ''.join(f'{key} = {value}\n' for key, value in lines.items())
