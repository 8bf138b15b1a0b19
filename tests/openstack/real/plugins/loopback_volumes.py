"""Cinder's part of the bed: volumes that are rows without data."""

from cinder.volume import driver


class RowsDriver(driver.VolumeDriver):
    VERSION = '1'

    def do_setup(self, context):
        self._stats = {'volume_backend_name': 'rows', 'vendor_name': 'none', 'driver_version': '1',
                       'storage_protocol': 'none', 'reserved_percentage': 0,
                       'total_capacity_gb': 100_000, 'free_capacity_gb': 100_000}

    def check_for_setup_error(self):
        pass

    def get_volume_stats(self, refresh=False):
        return self._stats

    def create_volume(self, volume):
        pass

    def delete_volume(self, volume):
        pass

    def clone_image(self, context, volume, image_location, image_meta, image_service):
        return {}, True  # nothing to copy

    def create_cloned_volume(self, volume, source):
        pass

    def create_volume_from_snapshot(self, volume, snapshot):
        pass

    def create_snapshot(self, snapshot):
        pass

    def delete_snapshot(self, snapshot):
        pass

    def extend_volume(self, volume, new_size):
        pass

    def ensure_export(self, context, volume):
        pass

    def create_export(self, context, volume, connector):
        pass

    def remove_export(self, context, volume):
        pass

    def initialize_connection(self, volume, connector):
        return {'driver_volume_type': 'none', 'data': {}}

    def terminate_connection(self, volume, connector, **kwargs):
        pass
